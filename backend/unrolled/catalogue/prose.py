"""Prose of the catalogue, Markdown to HTML.

Two kinds of mathematics, both `<span class="math" data-latex="…">` with readable HTML inside, so
that a page without KaTeX still reads well:

- a symbol in backticks, `` `h[t-1]` `` or `` `W_f` ``, typeset like the same symbol in the
  equations, with `data-node="h"` or `data-parameter="W_f"` so that pointing at it lights the graph;
- LaTeX between dollar signs.

Other text in backticks stays code. HTML in the Markdown is not passed on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline

from unrolled.language.latex import name_latex

SYMBOL = re.compile(
    r"(?P<name>(?P<letter>[A-Za-zα-ωΑ-Ω])(?:_(?P<sub>tilde|hat|bar|[A-Za-z0-9]{1,3}))?)"
    r"(?:\[(?P<index>[^\[\]]{1,12})\])?$"
)
ACCENTS = {"tilde": "\u0303", "hat": "\u0302", "bar": "\u0304"}
"""Endings of names that are drawn above the letter, as combining characters."""

VECTOR = (1,)
"""Any shape with an axis: Latin letters that the recurrence does not know are set bold, like vectors."""


CHINESE_BREAK = re.compile(
    r"(?<=[，。；：、？！）」”])[ \t]*\n(?=\S)(?![-*+>#|] |\d+\. |```)"
    r"|(?<=[\u3400-\u9fff])[ \t]*\n(?=[\u3400-\u9fff，。；：、？！（「“])"
)
"""A line end inside a Chinese sentence, which must not become a space."""


@dataclass(frozen=True)
class Symbol:
    """How a name of the recurrence is typeset, and what it is: `node` or `parameter`."""

    latex: str
    kind: str


def render(markdown: str, symbols: Mapping[str, Symbol]) -> str:
    """HTML of a prose section. `symbols`: names of the recurrence that the prose belongs to."""
    engine = MarkdownIt("commonmark", {"html": False, "typographer": False})
    engine.inline.ruler.before("escape", "math", dollar)
    engine.add_render_rule("math", _render_math)
    engine.add_render_rule("code_inline", _render_code)
    return engine.render(CHINESE_BREAK.sub("", markdown), {"symbols": symbols})


def dollar(state: StateInline, silent: bool) -> bool:
    """markdown-it rule: `$…$` becomes a math token."""
    if state.src[state.pos] != "$":
        return False
    end = state.src.find("$", state.pos + 1)
    content = state.src[state.pos + 1 : end]
    if end < 0 or not content.strip():
        return False
    if not silent:
        state.push("math", "span", 0).content = content
    state.pos = end + 1
    return True


def _render_math(_self: Any, tokens: Any, index: int, _options: Any, _env: Any) -> str:
    content = escape(tokens[index].content)
    return f'<span class="math" data-latex="{content}">{content}</span>'


def _render_code(_self: Any, tokens: Any, index: int, _options: Any, env: Any) -> str:
    content = tokens[index].content
    found = SYMBOL.match(content)
    if found is None:
        return f"<code>{escape(content)}</code>"
    return typeset(found, env["symbols"].get(found["name"]))


def typeset(found: re.Match[str], symbol: Symbol | None) -> str:
    """A symbol as a math span: LaTeX for KaTeX, plain HTML for everyone else."""
    letter, sub, index = found["letter"], found["sub"], found["index"]
    html = f"<var>{letter}{ACCENTS.get(sub or '', '')}</var>"
    if sub and sub not in ACCENTS:
        html += f"<sub>{sub}</sub>"
    latex = (
        symbol.latex
        if symbol
        else name_latex(found["name"], () if "α" <= letter <= "ω" else VECTOR)
    )
    if index:
        latex += "^{(" + index.replace("end", "\\tau") + ")}"
        html += f"<sup>({escape(index.replace('end', 'τ').replace('-', '−'))})</sup>"
    data = f' data-{symbol.kind}="{escape(found["name"])}"' if symbol else ""
    return f'<span class="math" data-latex="{escape(latex)}"{data}>{html}</span>'
