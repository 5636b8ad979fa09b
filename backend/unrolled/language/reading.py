"""Statements to a checked recurrence; the stages stand in order in `parse`.

`syntax.py` has the grammar, `draft.py` the names, `scopes.py` the indices, `inference.py` the shapes; cycles
are checked where the schedule is made, in `graph`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from unrolled.language.diagnostics import Span
from unrolled.language.draft import (
    LOSSES,
    Draft,
    classify_names,
    collect_definitions,
    collect_loops,
    indices_of,
    override_sizes,
    rank_of_letter,
    terms_of,
)
from unrolled.language.inference import infer
from unrolled.language.scopes import check_boundaries, resolve_equations
from unrolled.language.statements import (
    Assignment,
    ConstantForm,
    ParameterForm,
    SliderForm,
    StopForm,
    fail,
)
from unrolled.language.syntax import read
from unrolled.language.terms import Constant, Initial, Parameter, Recurrence, Setting, Variable


def parse(text: str, sizes: Mapping[str, int | Sequence[int]] | None = None) -> Recurrence:
    """A text of the recurrence language as a checked recurrence.

    `sizes` replaces declared sizes (or declares them): a whole number for a vector, a list for a
    matrix. Raises `LanguageError`, whose diagnostics hold line, column, what is wrong and what to
    write instead.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    draft = Draft(read(text))
    collect_loops(draft)
    collect_definitions(draft)
    override_sizes(draft, sizes or {})
    classify_names(draft)
    resolve_equations(draft)
    check_boundaries(draft)
    _leave_out_unread_parameters(draft)
    _check_use(draft)
    return _assemble(draft, text)


def _leave_out_unread_parameters(draft: Draft) -> None:
    """A parameter's starting value stays behind when its equation is replaced; it then means nothing."""
    read_names = {term.reference.name for term in terms_of(draft) if term.reference}
    for name, form in list(draft.forms.items()):
        if isinstance(form, ParameterForm) and name not in read_names:
            del draft.forms[name]
            draft.declarations.pop(name, None)


def _check_use(draft: Draft) -> None:
    used = set(draft.defined) | set(draft.inputs) | set(draft.parameters)
    read_names = {term.reference.name for term in terms_of(draft) if term.reference}
    for name, declaration in draft.declarations.items():
        if name not in used and not (name in draft.forms and name in read_names):
            raise fail("declared-unused", declaration.span, name=name)
    for name, form in draft.forms.items():
        if name not in read_names:
            raise fail("declared-unused", form.span, name=name)


# assembly


def _assemble(draft: Draft, text: str) -> Recurrence:
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
            indices_of(draft, name),
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


def _declared(draft: Draft, name: str, span: Span) -> Span:
    return draft.declarations[name].span if name in draft.declarations else span


def _parameter(draft: Draft, name: str, span: Span, shape: tuple[int, ...]) -> Parameter:
    form = draft.forms.get(name)
    if not isinstance(form, ParameterForm):
        return Parameter(name, shape, Initial(), True, span)
    return Parameter(
        name, shape, Initial(form.constant, form.spectral_radius, form.density), form.trained, span
    )


def _one_hot(draft: Draft) -> set[str]:
    """Inputs declared `onehot`, and those that are the target of a cross-entropy."""
    declared = {name for name, one in draft.declarations.items() if one.form == "onehot"}
    for term in terms_of(draft):
        if term.function == "cross_entropy" and (reference := term.operands[1].reference):
            declared.add(reference.name)
    return declared


def _targets(draft: Draft) -> set[str]:
    """Inputs that stand only as a target: of a loss, or of `force`."""
    targets: set[str] = set()
    others: set[str] = set()
    for statement in draft.statements:
        if isinstance(statement, Assignment | StopForm) and statement.term.reference:
            others.add(statement.term.reference.name)
    for term in terms_of(draft):
        for place, operand in enumerate(term.operands):
            if operand.reference is not None:
                is_target = (term.function in LOSSES and place == 1) or (
                    term.function == "force" and place == 0
                )
                (targets if is_target else others).add(operand.reference.name)
    return targets - others
