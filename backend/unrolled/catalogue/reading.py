"""Reads one catalogue file: front matter, prose in two languages, recurrences.

The format is described in `docs/catalogue.md`. Whatever does not follow it raises a
`CatalogueError` that names the file, the line and the cure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import yaml

from .entry import ALPHABET, CatalogueError, Defaults, Entry, Text
from .variants import ChangeError, apply_changes, is_whole

LOADER: type[yaml.SafeLoader | yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's where PyYAML was built with it, a tenth of the time; the same language and the same safety."""

LANGUAGES = ("en", "zh")

REQUIRED = {
    "id": str,
    "order": (int, float),
    "titles": dict,
    "section": str,
    "figure": (str, type(None)),
    "equation_numbers": list,
    "paper": (str, dict),
}
OPTIONAL = {"alphabet": str, "legend": dict, "defaults": dict, "variants": dict}
"""Keys of the front matter and the types of their values."""

KINDS: Mapping[str, Any] = {
    "inputs": dict,
    "sizes": dict,
    "lengths": dict,
    "boundary": dict,
    "forcing": (int, float),
    "seed": int,
    "settings": dict,
    "parameters": dict,
    "clamp": list,
}
"""Keys of `defaults` and the types of their values."""

FENCE = re.compile(r"```recurrence(?:[ \t]+(\S+))?[ \t]*$")
ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*$")


@dataclass(frozen=True)
class Block:
    """A fenced recurrence: its variant's name, the line of its fence, its lines."""

    name: str
    line: int
    lines: tuple[str, ...]


def read_entry(text: str, file: str) -> Entry:
    """Read the text of a catalogue file. Raises `CatalogueError`."""
    matter, body_line = read_front_matter(text, file)
    body = text.split("\n")[body_line:]
    blocks, prose_lines = split_blocks(body, body_line, file)
    prose = read_prose(prose_lines, body_line, file)
    variants = matter.get("variants", {})
    check_variants(variants, blocks, text, file)
    texts = []
    for block in blocks:
        titles = variants[block.name] if block.name else matter["titles"]
        own = titles.get("defaults", {}) if block.name else {}
        defaults = read_defaults({**matter.get("defaults", {}), **own}, text, file)
        equations, lines = merge(blocks[0], block, file)
        names = {language: titles[language] for language in LANGUAGES}
        texts.append(Text(block.name, names, equations, lines, defaults))
    return Entry(
        id=matter["id"],
        order=float(matter["order"]),
        titles=matter["titles"],
        section=matter["section"],
        figure=matter["figure"],
        equation_numbers=tuple(matter["equation_numbers"]),
        papers=papers(matter["paper"]),
        alphabet=matter.get("alphabet", ALPHABET),
        legend=matter.get("legend", {}),
        prose=prose,
        texts=tuple(texts),
        file=file,
    )


def read_front_matter(text: str, file: str) -> tuple[dict[str, Any], int]:
    """The front matter and the number of lines it takes up, fences included."""
    lines = text.split("\n")
    if lines[0].strip() != "---":
        raise CatalogueError(file, 1, "begin the file with front matter: a line `---`")
    try:
        end = lines.index("---", 1)
    except ValueError:
        raise CatalogueError(file, 1, "close the front matter with a line `---`") from None
    try:
        matter = yaml.load("\n".join(lines[1:end]), Loader=LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = 2 + mark.line if mark else 1
        raise CatalogueError(file, line, f"front matter is not YAML: {error.problem}") from error
    if not isinstance(matter, dict):
        raise CatalogueError(file, 2, "write `key: value` lines between the `---` lines")
    for key, kind in REQUIRED.items():
        if key not in matter:
            raise CatalogueError(file, 1, f"front matter lacks `{key}`: add a line `{key}: …`")
        check_kind(key, matter[key], kind, text, file)
    for key, value in matter.items():
        if key not in REQUIRED and key not in OPTIONAL:
            known = ", ".join([*REQUIRED, *OPTIONAL])
            raise CatalogueError(
                file, line_of(key, text), f"`{key}` is not a front matter key; these are: {known}"
            )
        check_kind(key, value, (REQUIRED | OPTIONAL)[key], text, file)
    if not ID.match(matter["id"]):
        raise CatalogueError(
            file, line_of("id", text), "an id is small letters, digits and hyphens"
        )
    check_titles("titles", matter["titles"], text, file)
    if isinstance(matter["paper"], dict):
        check_titles("paper", matter["paper"], text, file)
    for name, meaning in matter.get("legend", {}).items():
        check_titles(name, meaning, text, file)
    return matter, end + 1


def papers(given: str | Mapping[str, str]) -> Mapping[str, str]:
    """Names and years read alike in every language; a remark on them has one form in each."""
    return dict.fromkeys(LANGUAGES, given) if isinstance(given, str) else given


def check_kind(key: str, value: object, kind: Any, text: str, file: str) -> None:
    if isinstance(value, kind) and not isinstance(value, bool):
        return
    cure = (
        "put it in quotes"
        if str in (kind if isinstance(kind, tuple) else (kind,))
        else "see docs/catalogue.md"
    )
    raise CatalogueError(file, line_of(key, text), f"`{key}` has the wrong type: {cure}")


def check_titles(key: str, titles: object, text: str, file: str) -> None:
    for language in LANGUAGES:
        if not isinstance(titles, dict) or not isinstance(titles.get(language), str):
            raise CatalogueError(
                file, line_of(key, text), f"`{key}` needs a title `{language}: …` in each language"
            )


def line_of(key: str, text: str) -> int:
    """The line where a key of the front matter stands, for an error message."""
    found = re.search(rf"(?<![\w-]){re.escape(str(key))}\s*:", text)
    return text.count("\n", 0, found.end()) + 1 if found else 1


def read_defaults(raw: Mapping[str, Any], text: str, file: str) -> Defaults:
    known = {f.name for f in fields(Defaults)}
    for key in raw:
        if key not in known:
            names = ", ".join(sorted(known))
            raise CatalogueError(
                file, line_of(key, text), f"`{key}` is not a default; these are: {names}"
            )
        kind = KINDS[key]
        if not isinstance(raw[key], kind) or isinstance(raw[key], bool):
            wanted = (
                "a list" if kind is list else "names and values" if kind is dict else "a number"
            )
            raise CatalogueError(file, line_of(key, text), f"`{key}` of the defaults is {wanted}")
    return Defaults(**raw)


def split_blocks(body: list[str], offset: int, file: str) -> tuple[list[Block], list[str]]:
    """The recurrences, and the body with their lines blanked (so that line numbers stay)."""
    blocks: list[Block] = []
    rest = list(body)
    index = 0
    while index < len(body):
        fence = FENCE.match(body[index])
        if fence is None:
            index += 1
            continue
        start = index + 1
        while index + 1 < len(body) and body[index + 1].rstrip() != "```":
            index += 1
        if index + 1 == len(body):
            raise CatalogueError(file, offset + start, "close this block with a line ```")
        name = fence.group(1) or ""
        if name in {block.name for block in blocks}:
            raise CatalogueError(file, offset + start, f"a second block `recurrence {name}`")
        blocks.append(Block(name, offset + start, tuple(body[start : index + 1])))
        rest[start - 1 : index + 2] = [""] * (index + 3 - start)
        index += 2
    if not blocks or blocks[0].name:
        line = blocks[0].line if blocks else offset + 1
        raise CatalogueError(
            file, line, "the first recurrence has no name: begin it with ```recurrence"
        )
    return blocks, rest


def read_prose(body: list[str], offset: int, file: str) -> dict[str, str]:
    """Markdown by language: what stands under `## en` and `## zh`."""
    heads = [(i, line[3:].strip()) for i, line in enumerate(body) if line.startswith("## ")]
    for index, name in heads:
        if name not in LANGUAGES:
            raise CatalogueError(
                file, offset + index + 1, "prose has two sections, `## en` and `## zh`"
            )
    found = {}
    for (start, name), (end, _) in zip(heads, [*heads[1:], (len(body), "")], strict=True):
        found[name] = "\n".join(body[start + 1 : end]).strip()
    for language in LANGUAGES:
        if not found.get(language):
            raise CatalogueError(file, offset + 1, f"there is no prose under `## {language}`")
    return found


def check_variants(variants: Mapping[str, Any], blocks: list[Block], text: str, file: str) -> None:
    for block in blocks[1:]:
        if block.name not in variants:
            raise CatalogueError(
                file, block.line, f"give this variant its titles: `variants: {block.name}:`"
            )
    for name, titles in variants.items():
        check_titles(name, titles, text, file)
        if name not in {block.name for block in blocks}:
            raise CatalogueError(
                file, line_of(name, text), f"there is no block ```recurrence {name}"
            )


def merge(first: Block, block: Block, file: str) -> tuple[str, tuple[int, ...]]:
    """The whole text of a block, and the file's line for each of its lines."""
    numbered = [(line, block.line + i + 1) for i, line in enumerate(block.lines)]
    if block is not first and not is_whole(block.lines):
        base = [(line, first.line + i + 1) for i, line in enumerate(first.lines)]
        try:
            numbered = apply_changes(base, numbered)
        except ChangeError as error:
            raise CatalogueError(file, error.line, error.message) from error
    return "\n".join(line for line, _ in numbered) + "\n", tuple(number for _, number in numbered)
