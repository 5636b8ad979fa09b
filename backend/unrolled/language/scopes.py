"""Which index runs where: every reference bound to its variable and its steps, and the boundary values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from unrolled.language.diagnostics import Diagnostic, LanguageError, Span
from unrolled.language.draft import (
    Draft,
    defined_twice,
    domains_of,
    index_suggestion,
    indices_of,
    is_boundary_of,
)
from unrolled.language.statements import Assignment, Statement, StopForm, fail
from unrolled.language.terms import Equation, Position, Reference, Stop, Term


@dataclass(frozen=True)
class _Scope:
    """The indices that run at a place; `sums` says that a bare name may stand for all its steps."""

    indices: frozenset[str]
    sums: bool = False


def resolve_equations(draft: Draft) -> None:
    """Equations, boundary values and conditions to stop. Raises `LanguageError`: the first fault of every line."""
    faults: list[Diagnostic] = []
    for statement in draft.statements:
        try:
            _resolve_statement(draft, statement)
        except LanguageError as error:
            faults += error.diagnostics
    if faults:
        raise LanguageError(faults)


def _resolve_statement(draft: Draft, statement: Statement) -> None:
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
        is_boundary = is_boundary_of(statement)
        running = [position.index for position in statement.positions if position.anchor == "shift"]
        scope = _Scope(
            frozenset(running if is_boundary else (loop.index for loop in statement.loops))
        )
        term, _ = _resolve(draft, statement.term, scope)
        if is_boundary:
            draft.boundaries.append(_boundary(draft, statement, term))
        else:
            indices = tuple(loop.index for loop in statement.loops)
            draft.equations.append(Equation(statement.name, indices, term, statement.span))


def _resolve(draft: Draft, term: Term, scope: _Scope) -> tuple[Term, frozenset[str]]:
    """A term with its references bound, and the indices that bare names inside it run over."""
    if term.function == "leaf":
        return _resolve_leaf(draft, term, scope), frozenset()
    if term.reference is not None:
        return _resolve_reference(draft, term, scope)
    for index in term.over:
        if index not in draft.indices:
            raise fail(
                "index-unknown", term.span, index=index, suggestion=index_suggestion(draft, index)
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


def _resolve_leaf(draft: Draft, term: Term, scope: _Scope) -> Term:
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


def _resolve_reference(draft: Draft, term: Term, scope: _Scope) -> tuple[Term, frozenset[str]]:
    reference = term.reference
    assert reference is not None
    name = reference.name
    if not reference.positions and name in scope.indices:
        return Term("index", (), term.span, index=name), frozenset()
    domains = domains_of(draft, name)
    if not reference.positions:
        if name in draft.indices and name not in draft.defined:
            raise fail(
                "index-unknown", term.span, index=name, suggestion=index_suggestion(draft, name)
            )
        if not domains:
            return term, frozenset()
        indices = indices_of(draft, name)
        if not scope.sums:
            raise fail("index-missing", term.span, name=name, usage=f"{name}[{', '.join(indices)}]")
        positions = tuple(Position("shift", index, draft.indices[index]) for index in indices)
        return replace(term, reference=Reference(name, positions)), frozenset(indices)
    if not domains:
        raise fail("index-needless", term.span, name=name)
    if len(domains) != len(reference.positions):
        usage = f"{name}[{', '.join(indices_of(draft, name))}]"
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
    draft: Draft, name: str, position: Position, domain: str, scope: _Scope, span: Span
) -> Position:
    is_tree = draft.domains[domain].kind == "tree" if domain in draft.domains else False
    if position.anchor in ("left", "right", "root") and not is_tree:
        raise fail("tree-position", span, position=str(position), name=name)
    if is_tree and (position.anchor in ("start", "end") or position.offset):
        raise fail("chain-position", span, position=str(position))
    if position.index:
        if position.index not in scope.indices:
            suggestion = index_suggestion(draft, position.index)
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


def _boundary(draft: Draft, statement: Assignment, term: Term) -> Equation:
    name = statement.name
    if name not in draft.defined and name not in draft.inputs:
        raise fail("boundary-alone", statement.target, name=name)
    domains = domains_of(draft, name)
    if not domains:
        raise fail("index-needless", statement.target, name=name)
    indices = indices_of(draft, name)
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
        is_running = position.anchor == "shift" and not position.offset
        if draft.domains[domain].kind == "tree" and not is_running:
            raise fail("chain-position", statement.target, position=str(position))
        if position.anchor == "shift":
            if position.offset or draft.indices.get(position.index) != domain:
                raise fail(
                    "index-unknown",
                    statement.target,
                    index=position.index,
                    suggestion=index_suggestion(draft, position.index),
                )
        elif (position.anchor == "start" and position.offset >= 1) or (
            position.anchor == "end" and position.offset < 1
        ):
            raise fail("boundary-position", statement.target, name=name, position=str(position))
        positions.append(replace(position, domain=domain))
    scope = tuple(position.index for position in positions if position.anchor == "shift")
    return Equation(name, scope, term, statement.span, tuple(positions))


def check_boundaries(draft: Draft) -> None:
    seen: dict[str, int] = {}
    for boundary in draft.boundaries:
        key = str(Reference(boundary.variable, boundary.position or ()))
        if key in seen:
            defined_twice(key, boundary.span, seen[key])
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
