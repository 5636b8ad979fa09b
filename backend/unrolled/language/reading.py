"""Statements to a checked recurrence: scopes, names and sizes.

The stages stand in order in `parse`. `syntax.py` has the grammar, `shapes.py` the unification;
cycles are checked where the schedule is made, in `graph`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from unrolled.language.diagnostics import Diagnostic, LanguageError, Span
from unrolled.language.functions import FUNCTIONS
from unrolled.language.inference import infer
from unrolled.language.syntax import (
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
    read,
    suggest,
)
from unrolled.language.terms import (
    Constant,
    Domain,
    Equation,
    Initial,
    Parameter,
    Position,
    Recurrence,
    Reference,
    Setting,
    Stop,
    Term,
    Variable,
)

LOSSES = ("cross_entropy", "squared_error")


@dataclass
class _Draft:
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


def parse(text: str, sizes: Mapping[str, int | Sequence[int]] | None = None) -> Recurrence:
    """A text of the recurrence language as a checked recurrence.

    `sizes` replaces declared sizes (or declares them): a whole number for a vector, a list for a
    matrix. Raises `LanguageError`, whose diagnostics hold line, column, what is wrong and what to
    write instead.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    draft = _Draft(read(text))
    _collect_loops(draft)
    _collect_definitions(draft)
    _override_sizes(draft, sizes or {})
    _classify_names(draft)
    _resolve_equations(draft)
    _check_boundaries(draft)
    _check_use(draft)
    return _assemble(draft, text)


# loops and domains


def _loops(draft: _Draft) -> Iterable[tuple[Loop, int]]:
    for statement in draft.statements:
        if isinstance(statement, Assignment | StopForm):
            for depth, loop in enumerate(statement.loops):
                yield loop, depth


def _terms(draft: _Draft) -> Iterable[Term]:
    for statement in draft.statements:
        if isinstance(statement, Assignment | StopForm):
            yield from statement.term.walk()


def _collect_loops(draft: _Draft) -> None:
    first: dict[str, Loop] = {}
    depths: dict[str, int] = {}
    for loop, depth in _loops(draft):
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
    for term in _terms(draft):
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


def _collect_definitions(draft: _Draft) -> None:
    taken: dict[str, int] = {}
    for statement in draft.statements:
        match statement:
            case Declaration():
                if statement.name in draft.declarations:
                    _twice(
                        statement.name, statement.span, draft.declarations[statement.name].span.line
                    )
                draft.declarations[statement.name] = statement
            case ParameterForm() | SliderForm() | ConstantForm():
                if statement.name in taken:
                    _twice(statement.name, statement.span, taken[statement.name])
                taken[statement.name] = statement.span.line
                draft.forms[statement.name] = statement
            case Assignment() if _is_boundary(statement):
                continue
            case Assignment():
                if statement.name in taken:
                    _twice(statement.name, statement.target, taken[statement.name])
                taken[statement.name] = statement.target.line
                _check_target(statement)
                draft.defined[statement.name] = statement
            case _:
                continue
    for name in (*taken, *draft.declarations):
        line = taken.get(name) or draft.declarations[name].span.line
        for loop, _ in _loops(draft):
            if name in (loop.index, loop.domain):
                _twice(name, loop.span, line)
    for name, declaration in draft.declarations.items():
        if declaration.form != "shape" and name in taken:
            raise fail("onehot-defined", declaration.span, name=name, other=str(taken[name]))


def _twice(name: str, span: Span, line: int) -> None:
    raise fail("defined-twice", span, name=name, other=str(line))


def _is_boundary(statement: Assignment) -> bool:
    return any(position.anchor in ("start", "end") for position in statement.positions)


def _check_target(statement: Assignment) -> None:
    expected = tuple(loop.index for loop in statement.loops)
    written = tuple(position.index for position in statement.positions)
    usage = f"{statement.name}[{', '.join(expected)}] = …" if expected else f"{statement.name} = …"
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


def _override_sizes(draft: _Draft, sizes: Mapping[str, int | Sequence[int]]) -> None:
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
        known = {term.reference.name for term in _terms(draft) if term.reference} | set(
            draft.defined
        )
        if name not in known or (
            name in draft.forms and not isinstance(draft.forms[name], ParameterForm)
        ):
            names = ", ".join(draft.declarations) or "-"
            raise LanguageError(
                [Diagnostic("size-override", span, {"name": name[:30], "names": names}, pointer)]
            )
        old = draft.declarations.get(name)
        draft.declarations[name] = Declaration(name, shape, old.form if old else "shape", span)


# names


def _classify_names(draft: _Draft) -> None:
    """Every name that no line defines is an input (indexed) or a parameter (not indexed)."""
    targets_only = _only_targets(draft)
    for term in _terms(draft):
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
                sentence = (
                    "Read it somewhere as `x[t]`, so that its domain is known.",
                    "请在某处写成 `x[t]`，以确定它的域。",
                )
                raise fail("index-unknown", span, index="end", suggestion=sentence)
            draft.inputs[name] = (tuple(domain or chains[0] for domain in domains), span)


def _domain_of(draft: _Draft, position: Position) -> str:
    if position.anchor in ("start", "end"):
        return ""
    if position.anchor == "root":
        return next((domain.name for domain in draft.domains.values() if domain.kind == "tree"), "")
    return draft.indices.get(position.index, "")


def _only_targets(draft: _Draft) -> set[str]:
    """Unindexed names that stand only as the target of a loss: data, not parameters."""
    targets: set[str] = set()
    others: set[str] = set()
    for term in _terms(draft):
        for place, operand in enumerate(term.operands):
            if operand.reference is not None:
                is_target = term.function in LOSSES and place == 1
                (targets if is_target else others).add(operand.reference.name)
    return targets - others


def _domains_of_name(draft: _Draft, name: str) -> tuple[str, ...]:
    if name in draft.defined:
        return tuple(loop.domain for loop in draft.defined[name].loops)
    return draft.inputs[name][0] if name in draft.inputs else ()


def _indices_of_name(draft: _Draft, name: str) -> tuple[str, ...]:
    if name in draft.defined:
        return tuple(loop.index for loop in draft.defined[name].loops)
    return tuple(draft.domains[domain].index for domain in _domains_of_name(draft, name))


# scopes


@dataclass(frozen=True)
class _Scope:
    """The indices that run at a place; `sums` says that a bare name may stand for all its steps."""

    indices: frozenset[str]
    sums: bool = False


def _resolve_equations(draft: _Draft) -> None:
    for statement in draft.statements:
        if isinstance(statement, StopForm):
            loop = statement.loops[-1]
            if len(statement.loops) != 1:
                raise fail("stop-place", statement.span)
            term, _ = _resolve(draft, statement.term, _Scope(frozenset({loop.index})))
            for name, (domains, span) in draft.inputs.items():
                if loop.domain in domains:
                    raise fail("stop-input", span, domain=loop.domain, name=name)
            draft.stops.append(Stop(loop.domain, loop.index, term, statement.span))
        elif isinstance(statement, Assignment):
            is_boundary = _is_boundary(statement)
            running = [
                position.index for position in statement.positions if position.anchor == "shift"
            ]
            scope = _Scope(
                frozenset(running if is_boundary else (loop.index for loop in statement.loops))
            )
            term, _ = _resolve(draft, statement.term, scope)
            if is_boundary:
                draft.boundaries.append(_boundary(draft, statement, term))
            else:
                indices = tuple(loop.index for loop in statement.loops)
                draft.equations.append(Equation(statement.name, indices, term, statement.span))


def _resolve(draft: _Draft, term: Term, scope: _Scope) -> tuple[Term, frozenset[str]]:
    """A term with its references bound, and the indices that bare names inside it run over."""
    if term.function == "leaf":
        return _resolve_leaf(draft, term, scope), frozenset()
    if term.reference is not None:
        return _resolve_reference(draft, term, scope)
    for index in term.over:
        if index not in draft.indices:
            raise fail(
                "index-unknown", term.span, index=index, suggestion=_index_suggestion(draft, index)
            )
    sums = term.function in ("sum", "mean") and not term.over
    inner = _Scope(scope.indices | frozenset(term.over), scope.sums or sums)
    operands: list[Term] = []
    bare: frozenset[str] = frozenset()
    for operand in term.operands:
        resolved, found = _resolve(draft, operand, inner)
        operands.append(resolved)
        bare |= found
    if term.over and not any(
        index in free_indices(operands[0], draft.indices) for index in term.over
    ):
        raise fail("reduction-unused", term.span, name=term.function, index=term.over[0])
    resolved = replace(term, operands=tuple(operands))
    if sums and bare:
        over = tuple(index for index in draft.indices if index in bare)
        resolved = replace(term, operands=(replace(resolved, over=over),))
        bare = frozenset()
    return resolved, bare


def _resolve_leaf(draft: _Draft, term: Term, scope: _Scope) -> Term:
    reference = term.operands[0].reference
    if reference is None or reference.positions or reference.name not in scope.indices:
        sentence = (
            "Write `leaf(n)` with the index of the tree's loop.",
            "请写 `leaf(n)`，n 是树循环的下标。",
        )
        raise fail(
            "index-unknown",
            term.operands[0].span,
            index="n" if reference is None else reference.name,
            suggestion=sentence,
        )
    return replace(term, operands=(Term("index", (), term.operands[0].span, index=reference.name),))


def _resolve_reference(draft: _Draft, term: Term, scope: _Scope) -> tuple[Term, frozenset[str]]:
    reference = term.reference
    assert reference is not None
    name = reference.name
    if not reference.positions and name in scope.indices:
        return Term("index", (), term.span, index=name), frozenset()
    domains = _domains_of_name(draft, name)
    if not reference.positions:
        if name in draft.indices and name not in draft.defined:
            raise fail(
                "index-unknown", term.span, index=name, suggestion=_index_suggestion(draft, name)
            )
        if not domains:
            return term, frozenset()
        indices = _indices_of_name(draft, name)
        if not scope.sums:
            raise fail("index-missing", term.span, name=name, usage=f"{name}[{', '.join(indices)}]")
        positions = tuple(Position("shift", index, draft.indices[index]) for index in indices)
        return replace(term, reference=Reference(name, positions)), frozenset(indices)
    if not domains:
        raise fail("index-needless", term.span, name=name)
    if len(domains) != len(reference.positions):
        usage = f"{name}[{', '.join(_indices_of_name(draft, name))}]"
        raise fail(
            "index-count",
            term.span,
            name=name,
            expected=str(len(domains)),
            have=str(len(reference.positions)),
            usage=usage,
        )
    positions = tuple(
        _resolve_position(draft, name, position, domain, scope, term.span)
        for position, domain in zip(reference.positions, domains, strict=True)
    )
    return replace(term, reference=Reference(name, positions)), frozenset()


def _resolve_position(
    draft: _Draft, name: str, position: Position, domain: str, scope: _Scope, span: Span
) -> Position:
    is_tree = draft.domains[domain].kind == "tree" if domain in draft.domains else False
    if position.anchor in ("left", "right", "root") and not is_tree:
        raise fail("tree-position", span, position=str(position), name=name)
    if is_tree and (position.anchor in ("start", "end") or position.offset):
        raise fail("chain-position", span, position=str(position))
    if position.index:
        if position.index not in scope.indices:
            suggestion = _index_suggestion(draft, position.index)
            raise fail("index-unknown", span, index=position.index, suggestion=suggestion)
        if draft.indices[position.index] != domain:
            raise fail(
                "index-wrong-domain",
                span,
                name=name,
                expected=domain,
                index=position.index,
                have=draft.indices[position.index],
            )
    return replace(position, domain=domain)


def _index_suggestion(draft: _Draft, index: str) -> tuple[str, str]:
    if index in draft.indices:
        domain = draft.indices[index]
        return (
            f"Put the line inside `for {index} in {domain}:`, or sum over it: sum(…, {index}).",
            f"请把这一行放进 `for {index} in {domain}:`，或对它求和：sum(…, {index})。",
        )
    running = ", ".join(draft.indices) or "-"
    sentence = (f"Indices of this text: {running}.", f"本文本的下标：{running}。")
    return suggest(index, list(draft.indices), sentence)


def free_indices(term: Term, order: Iterable[str]) -> tuple[str, ...]:
    """The running indices a term depends on, in the given order."""

    def collect(one: Term) -> set[str]:
        if one.index is not None:
            return {one.index}
        found = (
            {position.index for position in one.reference.positions if position.index}
            if one.reference
            else set[str]()
        )
        for operand in one.operands:
            found |= collect(operand)
        return found if one.function == "softmax" else found - set(one.over)

    found = collect(term)
    return tuple(index for index in order if index in found)


# boundaries and use


def _boundary(draft: _Draft, statement: Assignment, term: Term) -> Equation:
    name = statement.name
    if name not in draft.defined and name not in draft.inputs:
        raise fail("boundary-alone", statement.target, name=name)
    domains = _domains_of_name(draft, name)
    if not domains:
        raise fail("index-needless", statement.target, name=name)
    indices = _indices_of_name(draft, name)
    if len(statement.positions) != len(domains):
        usage = f"{name}[{', '.join(indices)}]"
        raise fail(
            "index-count",
            statement.target,
            name=name,
            expected=str(len(domains)),
            have=str(len(statement.positions)),
            usage=usage,
        )
    positions: list[Position] = []
    for position, domain in zip(statement.positions, domains, strict=True):
        if draft.domains[domain].kind == "tree":
            raise fail("chain-position", statement.target, position=str(position))
        if position.anchor == "shift":
            if position.offset or draft.indices.get(position.index) != domain:
                raise fail(
                    "index-unknown",
                    statement.target,
                    index=position.index,
                    suggestion=_index_suggestion(draft, position.index),
                )
        elif (position.anchor == "start" and position.offset >= 1) or (
            position.anchor == "end" and position.offset < 1
        ):
            raise fail("boundary-position", statement.target, name=name, position=str(position))
        positions.append(replace(position, domain=domain))
    scope = tuple(position.index for position in positions if position.anchor == "shift")
    return Equation(name, scope, term, statement.span, tuple(positions))


def _check_boundaries(draft: _Draft) -> None:
    seen: dict[str, int] = {}
    for boundary in draft.boundaries:
        key = str(Reference(boundary.variable, boundary.position or ()))
        if key in seen:
            _twice(key, boundary.span, seen[key])
        seen[key] = boundary.span.line
        if not any(
            _reads(equation.term, boundary)
            for equation in (*draft.equations, *draft.boundaries, *draft.stops)
        ):
            raise fail("boundary-unread", boundary.span, usage=key, name=boundary.variable)


def _reads(term: Term, boundary: Equation) -> bool:
    def reaches(read: Position, given: Position) -> bool:
        if given.anchor == "shift":
            return True
        if read.anchor == "shift":
            return (
                read.offset <= given.offset - 1
                if given.anchor == "start"
                else read.offset >= given.offset
            )
        return read.anchor == given.anchor and read.offset == given.offset

    for one in term.walk():
        reference = one.reference
        if reference is not None and reference.name == boundary.variable and boundary.position:
            pairs = zip(reference.positions, boundary.position, strict=True)
            if all(reaches(read, given) for read, given in pairs):
                return True
    return False


def _check_use(draft: _Draft) -> None:
    used = set(draft.defined) | set(draft.inputs) | set(draft.parameters)
    read_names = {term.reference.name for term in _terms(draft) if term.reference}
    for name, declaration in draft.declarations.items():
        if name not in used and not (name in draft.forms and name in read_names):
            raise fail("declared-unused", declaration.span, name=name)
    for name, form in draft.forms.items():
        if name not in read_names:
            raise fail("declared-unused", form.span, name=name)


# assembly


def rank_of_letter(name: str) -> int:
    """The rank that a parameter's first letter says: capital 2, small Greek 0, any other 1."""
    letter = name.lstrip("_")[:1] or name[:1]
    if letter.isupper():
        return 2
    return 0 if unicodedata.name(letter, "").startswith("GREEK SMALL") else 1


def _assemble(draft: _Draft, text: str) -> Recurrence:
    shared = {
        name: form.span for name, form in draft.forms.items() if isinstance(form, ParameterForm)
    }
    shared.update(draft.parameters)
    constants = {
        name: form.rows for name, form in draft.forms.items() if isinstance(form, ConstantForm)
    }
    settings = [name for name, form in draft.forms.items() if isinstance(form, SliderForm)]
    typed = infer(
        text=text,
        declarations={name: (one.shape, one.span.line) for name, one in draft.declarations.items()},
        inputs={name: span for name, (_, span) in draft.inputs.items()},
        parameters=shared,
        ranks={name: rank_of_letter(name) for name in shared},
        constants=constants,
        settings=settings,
        equations=draft.equations,
        boundaries=draft.boundaries,
        stops=draft.stops,
        order=tuple(draft.indices),
    )
    hot, targets = _one_hot(draft), _targets(draft)
    variables: dict[str, Variable] = {}
    for name, (domains, span) in draft.inputs.items():
        variables[name] = Variable(
            name,
            "input",
            domains,
            _indices_of_name(draft, name),
            typed.shapes[name],
            name in hot,
            name in targets,
            _declared(draft, name, span),
        )
    for equation in typed.equations:
        name = equation.variable
        domains = tuple(draft.indices[index] for index in equation.indices)
        variables[name] = Variable(
            name,
            "equation",
            domains,
            equation.indices,
            typed.shapes[name],
            False,
            False,
            equation.span,
        )
    return Recurrence(
        text=text,
        domains=draft.domains,
        index_domains=draft.indices,
        variables=variables,
        parameters={
            name: _parameter(draft, name, span, typed.shapes[name]) for name, span in shared.items()
        },
        constants={
            name: Constant(name, rows, typed.shapes[name], draft.forms[name].span)
            for name, rows in constants.items()
        },
        settings={
            name: Setting(name, *form.numbers, form.span)
            for name, form in draft.forms.items()
            if isinstance(form, SliderForm)
        },
        equations=typed.equations,
        boundaries=typed.boundaries,
        stops=typed.stops,
        sizes={
            name: variables[name].shape[0]
            if len(variables[name].shape) == 1
            else variables[name].shape
            for name in draft.declarations
            if name in variables and variables[name].shape
        },
    )


def _declared(draft: _Draft, name: str, span: Span) -> Span:
    return draft.declarations[name].span if name in draft.declarations else span


def _parameter(draft: _Draft, name: str, span: Span, shape: tuple[int, ...]) -> Parameter:
    form = draft.forms.get(name)
    if not isinstance(form, ParameterForm):
        return Parameter(name, shape, Initial(), True, span)
    return Parameter(
        name, shape, Initial(form.constant, form.spectral_radius, form.density), form.trained, span
    )


def _one_hot(draft: _Draft) -> set[str]:
    """Inputs declared `onehot`, and those that are the target of a cross-entropy."""
    declared = {name for name, one in draft.declarations.items() if one.form == "onehot"}
    for term in _terms(draft):
        if term.function == "cross_entropy" and (reference := term.operands[1].reference):
            declared.add(reference.name)
    return declared


def _targets(draft: _Draft) -> set[str]:
    """Inputs that stand only as a target: of a loss, or of `force`."""
    targets: set[str] = set()
    others: set[str] = set()
    for statement in draft.statements:
        if isinstance(statement, Assignment | StopForm) and statement.term.reference:
            others.add(statement.term.reference.name)
    for term in _terms(draft):
        for place, operand in enumerate(term.operands):
            if operand.reference is not None:
                is_target = (term.function in LOSSES and place == 1) or (
                    term.function == "force" and place == 0
                )
                (targets if is_target else others).add(operand.reference.name)
    return targets - others


__all__ = ["FUNCTIONS", "free_indices", "parse", "rank_of_letter"]
