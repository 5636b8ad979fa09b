"""What a text names, while it is being read: loops, definitions, declared sizes, inputs and parameters."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from unrolled.language.diagnostics import Diagnostic, LanguageError, Span, listed
from unrolled.language.statements import (
    MAX_SIZE,
    Assignment,
    ConstantForm,
    Declaration,
    Loop,
    ParameterForm,
    SliderForm,
    Statement,
    StopForm,
    fail,
    suggest,
)
from unrolled.language.terms import Domain, Equation, Position, Stop, Term

LOSSES = ("cross_entropy", "squared_error")


@dataclass
class Draft:
    """What is known of the text while it is being read; nothing of it leaves this module."""

    statements: list[Statement]
    indices: dict[str, str] = field(
        default_factory=dict[str, str]
    )  # index -> domain, outermost first
    domains: dict[str, Domain] = field(default_factory=dict[str, Domain])
    declarations: dict[str, Declaration] = field(default_factory=dict[str, Declaration])
    forms: dict[str, ParameterForm | SliderForm | ConstantForm] = field(
        default_factory=dict[str, "ParameterForm | SliderForm | ConstantForm"]
    )
    defined: dict[str, Assignment] = field(default_factory=dict[str, Assignment])
    inputs: dict[str, tuple[tuple[str, ...], Span]] = field(
        default_factory=dict[str, tuple[tuple[str, ...], Span]]
    )
    parameters: dict[str, Span] = field(default_factory=dict[str, Span])
    equations: list[Equation] = field(default_factory=list[Equation])
    boundaries: list[Equation] = field(default_factory=list[Equation])
    stops: list[Stop] = field(default_factory=list[Stop])


# loops and domains


def loops_of(draft: Draft) -> Iterable[tuple[Loop, int]]:
    for statement in draft.statements:
        if isinstance(statement, Assignment | StopForm):
            for depth, loop in enumerate(statement.loops):
                yield loop, depth


def terms_of(draft: Draft) -> Iterable[Term]:
    for statement in draft.statements:
        if isinstance(statement, Assignment | StopForm):
            yield from statement.term.walk()


def collect_loops(draft: Draft) -> None:
    first: dict[str, Loop] = {}
    depths: dict[str, int] = {}
    for loop, depth in loops_of(draft):
        other = first.setdefault(loop.index, loop)
        if other.domain != loop.domain:
            raise fail(
                "index-domain",
                loop.span,
                index=loop.index,
                first=other.domain,
                second=loop.domain,
                other=str(other.span.line),
            )
        depths[loop.index] = max(depth, depths.get(loop.index, 0))
    for index in sorted(first, key=lambda one: depths[one]):
        draft.indices[index] = first[index].domain
    trees = {"tree"}
    for term in terms_of(draft):
        for position in term.reference.positions if term.reference else ():
            if position.anchor in ("left", "right") and position.index in draft.indices:
                trees.add(draft.indices[position.index])
        if (
            term.function == "leaf"
            and (inner := term.operands[0].reference)
            and inner.name in draft.indices
        ):
            trees.add(draft.indices[inner.name])
    generated = {
        statement.loops[-1].domain
        for statement in draft.statements
        if isinstance(statement, StopForm)
    }
    for loop in first.values():
        kind = (
            "tree" if loop.domain in trees else "generated" if loop.domain in generated else "chain"
        )
        draft.domains.setdefault(loop.domain, Domain(loop.domain, loop.index, kind, loop.span.line))


# definitions


def collect_definitions(draft: Draft) -> None:
    taken: dict[str, int] = {}
    for statement in draft.statements:
        match statement:
            case Declaration():
                if statement.name in draft.declarations:
                    defined_twice(
                        statement.name, statement.span, draft.declarations[statement.name].span.line
                    )
                draft.declarations[statement.name] = statement
            case ParameterForm() | SliderForm() | ConstantForm():
                if statement.name in taken:
                    defined_twice(statement.name, statement.span, taken[statement.name])
                taken[statement.name] = statement.span.line
                draft.forms[statement.name] = statement
            case Assignment() if is_boundary_of(statement):
                continue
            case Assignment():
                if statement.name in taken:
                    defined_twice(statement.name, statement.target, taken[statement.name])
                taken[statement.name] = statement.target.line
                _check_target(statement)
                draft.defined[statement.name] = statement
            case _:
                continue
    for name in (*taken, *draft.declarations):
        line = taken.get(name) or draft.declarations[name].span.line
        for loop, _ in loops_of(draft):
            if name in (loop.index, loop.domain):
                defined_twice(name, loop.span, line)
    for name, declaration in draft.declarations.items():
        if declaration.form != "shape" and name in taken:
            raise fail("onehot-defined", declaration.span, name=name, other=str(taken[name]))


def defined_twice(name: str, span: Span, line: int) -> None:
    raise fail("defined-twice", span, name=name, other=str(line))


def is_boundary_of(statement: Assignment) -> bool:
    return any(position.anchor in ("start", "end") for position in statement.positions)


def _check_target(statement: Assignment) -> None:
    expected = tuple(loop.index for loop in statement.loops)
    written = tuple(position.index for position in statement.positions)
    # `h_t` is how many write h[t]
    name = statement.name.removesuffix("_" + "_".join(expected)) if expected else statement.name
    usage = f"{name}[{', '.join(expected)}] = …" if expected else f"{name} = …"
    plain = all(
        position.anchor == "shift" and not position.offset for position in statement.positions
    )
    if written and not expected and plain:
        sentence = (
            "Open a loop above it: `for t in time:`.",
            "请在上面打开循环：`for t in time:`。",
        )
        raise fail("index-unknown", statement.target, index=written[0], suggestion=sentence)
    if written != expected or not plain:
        code = "target-index" if expected else "target-form"
        raise fail(code, statement.target, expected=", ".join(expected), usage=usage)


def rank_of_letter(name: str) -> int:
    """The rank that a parameter's first letter says: capital 2, small Greek 0, any other 1."""
    letter = name.lstrip("_")[:1] or name[:1]
    if letter.isupper():
        return 2
    return 0 if unicodedata.name(letter, "").startswith("GREEK SMALL") else 1


def override_sizes(draft: Draft, sizes: Mapping[str, int | Sequence[int]]) -> None:
    for name, size in sizes.items():
        shape = (size,) if isinstance(size, int) else tuple(size)
        span = draft.declarations[name].span if name in draft.declarations else Span(1, 1, 1, 1)
        pointer = f"/sizes/{name.replace('~', '~0').replace('/', '~1')}"
        if (
            any(isinstance(one, bool) or not 1 <= one <= MAX_SIZE for one in shape)
            or len(shape) > 3
        ):
            arguments = {
                "size": str(shape[0] if len(shape) == 1 else list(shape))[:30],
                "limit": str(MAX_SIZE),
            }
            raise LanguageError([Diagnostic("size-range", span, arguments, pointer)])
        read = [term.reference for term in terms_of(draft) if term.reference]
        known = {one.name for one in read} | set(draft.defined)
        indexed = {one.name for one in read if one.positions}
        is_parameter = name not in draft.declarations and name not in draft.defined
        is_other = name in draft.forms and not isinstance(draft.forms[name], ParameterForm)
        follows = is_parameter and name not in indexed and rank_of_letter(name) == 2 > len(shape)
        if name not in known or is_other or follows:
            known_names = listed(draft.declarations)
            arguments = {"name": name[:30], "names": known_names}
            raise LanguageError([Diagnostic("size-override", span, arguments, pointer)])
        old = draft.declarations.get(name)
        draft.declarations[name] = Declaration(name, shape, old.form if old else "shape", span)


# names


def classify_names(draft: Draft) -> None:
    """Every name that no line defines is an input (indexed) or a parameter (not indexed)."""
    targets_only = _only_targets(draft)
    for term in terms_of(draft):
        reference = term.reference
        if reference is None or reference.name in draft.defined or reference.name in draft.forms:
            continue
        name = reference.name
        if reference.positions:
            domains = tuple(_domain_of(draft, position) for position in reference.positions)
            known = draft.inputs.get(name)
            if known is None or any(domain == "" for domain in known[0]):
                draft.inputs[name] = (domains, known[1] if known else term.span)
        elif (
            name not in draft.indices and name not in draft.inputs and name not in draft.parameters
        ):
            declaration = draft.declarations.get(name)
            if (declaration and declaration.form != "shape") or name in targets_only:
                draft.inputs[name] = ((), term.span)
            else:
                draft.parameters[name] = term.span
    for name in [name for name in draft.parameters if name in draft.inputs]:
        del draft.parameters[name]
    chains = list(draft.domains)
    for name, (domains, span) in draft.inputs.items():
        if "" in domains:
            if len(chains) != 1:
                position = _homeless(draft, name)
                sentence = (
                    "Read it somewhere as `x[t]`, so that its domain is known.",
                    "请在某处写成 `x[t]`，以确定它的域。",
                )
                if position.anchor == "shift":
                    sentence = index_suggestion(draft, position.index)
                index = position.index or str(position)
                raise fail("index-unknown", span, index=index, suggestion=sentence)
            draft.inputs[name] = (tuple(domain or chains[0] for domain in domains), span)


def _homeless(draft: Draft, name: str) -> Position:
    """The first position at which an input is read whose domain no loop says."""
    return next(
        position
        for term in terms_of(draft)
        if term.reference is not None and term.reference.name == name
        for position in term.reference.positions
        if not _domain_of(draft, position)
    )


def _domain_of(draft: Draft, position: Position) -> str:
    if position.anchor in ("start", "end"):
        return ""
    if position.anchor == "root":
        return next((domain.name for domain in draft.domains.values() if domain.kind == "tree"), "")
    return draft.indices.get(position.index, "")


def _only_targets(draft: Draft) -> set[str]:
    """Unindexed names that stand only as the target of a loss: data, not parameters."""
    targets: set[str] = set()
    others: set[str] = set()
    for term in terms_of(draft):
        for place, operand in enumerate(term.operands):
            if operand.reference is not None:
                is_target = term.function in LOSSES and place == 1
                (targets if is_target else others).add(operand.reference.name)
    return targets - others


def domains_of(draft: Draft, name: str) -> tuple[str, ...]:
    if name in draft.defined:
        return tuple(loop.domain for loop in draft.defined[name].loops)
    return draft.inputs[name][0] if name in draft.inputs else ()


def indices_of(draft: Draft, name: str) -> tuple[str, ...]:
    if name in draft.defined:
        return tuple(loop.index for loop in draft.defined[name].loops)
    return tuple(draft.domains[domain].index for domain in domains_of(draft, name))


def index_suggestion(draft: Draft, index: str) -> tuple[str, str]:
    """What to write, in both languages, where an index stands that is not running."""
    if index in draft.indices:
        domain = draft.indices[index]
        return (
            f"Put the line inside `for {index} in {domain}:`, or sum over it: sum(…, {index}).",
            f"请把这一行放进 `for {index} in {domain}:`，或对它求和：sum(…, {index})。",
        )
    if not draft.indices:
        return (
            f"Nothing runs in this text yet: put the line inside `for {index} in time:`.",
            f"本文本中还没有循环：请把这一行放进 `for {index} in time:`。",
        )
    running = ", ".join(draft.indices)
    sentence = (f"Indices of this text: {running}.", f"本文本的下标：{running}。")
    return suggest(index, list(draft.indices), sentence)
