"""Whether LaTeX is well formed: a small reader of the part of KaTeX that the equations use."""

from __future__ import annotations

import re

TOKEN = re.compile(r"\\[a-zA-Z]+|\\.|[{}^_&]|\s+|.", re.DOTALL)
TAKES_GROUP = {
    "\\boldsymbol": 1, "\\mathrm": 1, "\\mathbf": 1, "\\mathcal": 1, "\\text": 1, "\\operatorname": 1, "\\tilde": 1,
    "\\hat": 1, "\\bar": 1, "\\sqrt": 1, "\\frac": 2, "\\htmlData": 2,
}  # fmt: skip
SYMBOLS = frozenset(
    re.findall(
        r"\\\S+",
        r"""\alpha \beta \gamma \delta \epsilon \zeta \eta \theta \iota \kappa \lambda \mu \nu \xi \pi \rho \sigma
    \varsigma \tau \upsilon \phi \chi \psi \omega \Gamma \Delta \Theta \Lambda \Xi \Pi \Sigma \Upsilon \Phi \Psi
    \Omega \tanh \exp \log \min \max \cos \sum \odot \circledast \cdot \times \top \neq \le \ge \bmod \lVert \rVert
    \lvert \rvert \, \\ \_ \;""",
    )
)
BRACKETS = ("(", ")", "[", "]", "|", "\\lVert", "\\rVert", "\\lvert", "\\rvert", "\\{", "\\}", ".")


class Malformed(AssertionError):
    """The LaTeX that KaTeX would refuse."""


def check(latex: str) -> None:
    """Raise `Malformed` unless groups, scripts, brackets and commands are as KaTeX wants them."""
    reader = _Reader([token for token in TOKEN.findall(latex) if token.strip()], latex)
    reader.sequence(())
    if reader.place != len(reader.tokens):
        raise Malformed(f"stops at {reader.tokens[reader.place :]}: {latex}")


class _Reader:
    def __init__(self, tokens: list[str], latex: str) -> None:
        self.tokens = tokens
        self.latex = latex
        self.place = 0

    def next(self) -> str:
        if self.place >= len(self.tokens):
            raise Malformed(f"ends too early: {self.latex}")
        self.place += 1
        return self.tokens[self.place - 1]

    def peek(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def sequence(self, ends: tuple[str, ...]) -> None:
        """Atoms with their scripts, up to one of `ends` or the end of the text."""
        while self.peek() and self.peek() not in ends:
            if self.peek() in ("}", "\\right", "\\end"):
                return
            self.atom()
            self.scripts()

    def scripts(self) -> None:
        seen: set[str] = set()
        while self.peek() in ("^", "_"):
            script = self.next()
            if script in seen:
                raise Malformed(f"two of {script}: {self.latex}")
            seen.add(script)
            self.atom()

    def atom(self) -> None:
        token = self.next()
        if token in ("^", "_", "}"):
            raise Malformed(f"{token} after nothing: {self.latex}")
        if token == "{":
            self.sequence(())
            self.expect("}")
        elif token == "\\left":
            self.bracket()
            self.sequence(())
            self.expect("\\right")
            self.bracket()
        elif token == "\\begin":
            self.name("cases")
            self.sequence(())
            self.expect("\\end")
            self.name("cases")
        elif token in TAKES_GROUP:
            for number in range(TAKES_GROUP[token]):
                if token in ("\\text", "\\htmlData") and not number:
                    self.words()
                else:
                    self.expect("{")
                    self.sequence(())
                    self.expect("}")
        elif token.startswith("\\") and token not in SYMBOLS and token not in BRACKETS:
            raise Malformed(f"unknown {token}: {self.latex}")

    def words(self) -> None:
        """Plain words in braces: no commands, and commas only between marks."""
        self.expect("{")
        while self.peek() != "}":
            if self.next() in ("{", "^"):
                raise Malformed(f"no plain words: {self.latex}")
        self.expect("}")

    def bracket(self) -> None:
        if self.next() not in BRACKETS:
            raise Malformed(f"no bracket: {self.latex}")

    def name(self, name: str) -> None:
        self.expect("{")
        for letter in name:
            self.expect(letter)
        self.expect("}")

    def expect(self, token: str) -> None:
        if (found := self.next()) != token:
            raise Malformed(f"{found} instead of {token}: {self.latex}")
