"""What a text means: names, ranks, sizes, scopes and sums."""

from __future__ import annotations

import pytest

from unrolled.language import Initial, Reference, Shape, Term, parse

LOOP = "for t in time:\n    "


def reference(name: str, text: str) -> Reference:
    """The first reference to a name in a text."""
    for equation in parse(text).equations:
        for term in equation.term.walk():
            if term.reference is not None and term.reference.name == name:
                return term.reference
    raise AssertionError(name)


def functions(term: Term) -> list[str]:
    return [one.function for one in term.walk()]


@pytest.mark.parametrize(
    ("name", "rank"),
    [
        ("W", 2),
        ("W_f", 2),
        ("b", 1),
        ("b_f", 1),
        ("α", 0),
        ("γ_1", 0),
        ("Γ", 2),
        ("_W", 2),
        ("权", 1),
    ],
)
def test_the_first_letter_of_a_parameter_says_its_rank(name: str, rank: int) -> None:
    """A capital starts a matrix, a small letter a vector, a small Greek letter a scalar."""
    product = f"{name} @ x" if rank == 2 else f"{name} * x"
    text = f"x: input(3)\nh: 3\nh = {product}"
    assert parse(text).parameters[name].shape == {2: (3, 3), 1: (3,), 0: ()}[rank]


@pytest.mark.parametrize(
    ("declaration", "shape"),
    [("k: ()", ()), ("k: 8", (8,)), ("k: (16, 6)", (16, 6)), ("k: (2, 3, 4)", (2, 3, 4))],
)
def test_a_declaration_overrides_the_letter(declaration: str, shape: Shape) -> None:
    assert parse(f"{declaration}\na = norm(k)").parameters["k"].shape == shape


@pytest.mark.parametrize(
    ("text", "shapes"),
    [
        ("x: input(3)\nW: (2, 3)\na = W @ x", {"a": (2,)}),
        ("x: input(3)\nv: 3\na = v @ x", {"a": ()}),
        ("x: input(2)\nW: (2, 5)\na = x @ W", {"a": (5,)}),
        ("x: input(3)\na: 4\na = concat(x, r)", {"r": (1,)}),
        ("x: input(3)\nz: input(2)\na = concat(x, z, 1)", {"a": (6,)}),
        ("x: input(3)\nz: input(2)\na = outer(x, z)", {"a": (3, 2)}),
        ("x: input(3)\nz: input(2)\na = transpose(outer(x, z))", {"a": (2, 3)}),
        ("x: input(3)\nz: input(2)\na: 4\na = bilinear(T, x, z)", {"T": (4, 3, 2)}),
        ("x: input(3)\nM: (5, 3)\na = cosine(x, M)", {"a": (5,)}),
        ("x: input(3)\na = cosine(x, x)", {"a": ()}),
        ("x: input(3)\na = sum(x)\nb = mean(x)\nd = norm(x)", {"a": (), "b": (), "d": ()}),
        ("x: input(3)\na = circular_convolve(x, s)", {"a": (3,), "s": (3,)}),
        ("x: input(3)\na = α * x + 1", {"a": (3,), "α": ()}),
        ("x: input(3)\na = x < 0.5", {"a": (3,)}),
        ("x: input(3)\no: 4\no = W @ x\nL = cross_entropy(o, y)", {"y": (4,), "L": ()}),
        ("x: input(3)\no = V @ h\nh = W @ x\no: 2\nh: 5", {"W": (5, 3), "V": (2, 5)}),
    ],
)
def test_sizes_follow_from_each_other(text: str, shapes: dict[str, Shape]) -> None:
    recurrence = parse(text)
    found = {
        name: one.shape
        for group in (recurrence.variables, recurrence.parameters)
        for name, one in group.items()
    }
    assert {name: found[name] for name in shapes} == shapes


def test_an_indexed_name_is_an_input_and_a_bare_one_a_parameter() -> None:
    recurrence = parse("h: 3\n" + LOOP + "h[t] = b + x[t]")
    assert recurrence.variables["x"].kind == "input"
    assert list(recurrence.parameters) == ["b"]


def test_a_bare_name_declared_as_input_is_one() -> None:
    recurrence = parse("c: input(3)\nz: onehot(5)\na = V @ c + U @ z\na: 2")
    assert {name: one.domains for name, one in recurrence.variables.items()} == dict.fromkeys(
        "cza", ()
    )
    assert recurrence.variables["z"].one_hot
    assert set(recurrence.parameters) == {"V", "U"}


def test_a_bare_name_that_stands_only_as_a_target_is_an_input() -> None:
    recurrence = parse("o: 3\no = b\nL = cross_entropy(o, y)")
    assert recurrence.variables["y"].kind == "input"


def test_inputs_may_be_read_at_the_end_alone_where_there_is_one_domain() -> None:
    recurrence = parse("x: 3\nh: 3\n" + LOOP + "h[t] = tanh(h[t-1] + b)\na = x[end]")
    assert recurrence.variables["x"].domains == ("time",)


@pytest.mark.parametrize(
    ("written", "anchor", "offset"),
    [
        ("t", "shift", 0), ("t-1", "shift", -1), ("t + 3", "shift", 3), ("end", "end", 0),
        ("end-1", "end", -1), ("end + 1", "end", 1), ("0", "start", 0), ("-2", "start", -2), ("5", "start", 5),
    ],
)  # fmt: skip
def test_a_position_is_a_shift_or_a_fixed_step(written: str, anchor: str, offset: int) -> None:
    found = reference("x", f"x: 3\n{LOOP}h[t] = x[{written}] + x[t]")
    (position,) = found.positions
    assert (position.anchor, position.offset, position.domain) == (anchor, offset, "time")


def test_an_index_alone_is_a_number() -> None:
    equation = parse(LOOP + "h[t] = t / 2").equations[0]
    assert functions(equation.term) == ["divide", "index", "number"]


@pytest.mark.parametrize(
    ("written", "over"),
    [
        ("sum(L)", ("t",)),
        ("sum(L * L)", ("t",)),
        ("mean(L)", ("t",)),
        ("sum(L[t], t)", ("t",)),
        ("sum(L * g)", ("t", "s")),
    ],
)
def test_a_bare_name_in_a_sum_stands_for_all_its_steps(written: str, over: tuple[str, ...]) -> None:
    text = (
        f"{LOOP}L[t] = norm(x[t])\nfor s in source:\n    g[s] = norm(x[1]) * s\na = {written}\nx: 2"
    )
    term = parse(text).equation("a").term
    assert term.over == over
    assert term.indices == ()


def test_a_sum_of_vectors_over_steps_keeps_their_shape_only_with_an_index() -> None:
    text = "x: 3\n" + LOOP + "h[t] = x[t]\na = sum(h)\nb = sum(h[t], t)"
    recurrence = parse(text)
    assert recurrence.variables["a"].shape == ()
    assert recurrence.variables["b"].shape == (3,)


def test_a_sum_of_vectors_without_an_index_runs_over_steps_and_units() -> None:
    term = parse("x: 3\n" + LOOP + "h[t] = x[t]\na = sum(h)").equation("a").term
    assert (term.function, term.over) == ("sum", ())
    assert (term.operands[0].function, term.operands[0].over) == ("sum", ("t",))


def test_a_sum_may_shadow_the_index_that_runs_around_it() -> None:
    recurrence = parse("x: 3\n" + LOOP + "h[t] = x[t] - mean(x[t], t)")
    term = recurrence.equation("h").term
    inner = term.operands[1]
    assert (term.indices, inner.over, inner.indices) == (("t",), ("t",), ())


def test_a_softmax_over_an_index_keeps_the_index() -> None:
    term = parse(LOOP + "a[t] = softmax(x[t], t)\nx: ()").equation("a").term
    assert (term.over, term.indices) == (("t",), ("t",))


@pytest.mark.parametrize("drawn", ["bernoulli(0.5)", "normal(0, 1)", "force(ε, δ)"])
def test_what_is_random_is_drawn_at_every_step_of_the_loops_around_it(drawn: str) -> None:
    text = f"""\
for t in time:
    for s in source:
        e[t, s] = {drawn}
    c[t] = sum(e[t, s] * {drawn}, s)
"""
    recurrence = parse(text)
    assert recurrence.equation("e").term.indices == ("t", "s")
    product = recurrence.equation("c").term.operands[0]
    assert product.operands[1].indices == ("t", "s")


@pytest.mark.parametrize(
    ("form", "initial", "trained"),
    [
        ("parameter(1.0)", Initial(constant=1.0), True),
        ("parameter(-2)", Initial(constant=-2.0), True),
        ("parameter(spectral_radius=0.9)", Initial(spectral_radius=0.9), True),
        (
            "parameter(spectral_radius=0.9, density=0.1, trained=False)",
            Initial(None, 0.9, 0.1),
            False,
        ),
        ("parameter(trained=False)", Initial(), False),
    ],
)
def test_a_parameter_says_how_it_starts_and_whether_it_learns(
    form: str, initial: Initial, trained: bool
) -> None:
    parameter = parse(f"W = {form}\nh: 3\n{LOOP}h[t] = W @ h[t-1]").parameters["W"]
    assert (parameter.initial, parameter.trained, parameter.shape) == (initial, trained, (3, 3))


def test_the_start_of_a_parameter_that_nothing_reads_is_left_out() -> None:
    lines = "b_f = parameter(1.0)\nh: 3\n"
    gate = f"{LOOP}f[t] = sigmoid(b_f + W @ h[t-1])\n    h[t] = f[t] * h[t-1]"
    assert parse(lines + gate).parameters["b_f"].initial == Initial(constant=1.0)
    cut = parse(lines + gate.replace("sigmoid(b_f + W @ h[t-1])", "1"))
    assert not cut.parameters
    assert not parse("W_h: (3, 3)\nW_h = parameter(0)\na = 1").parameters


def test_constants_and_sliders_are_no_parameters() -> None:
    recurrence = parse(
        "P = [1, 2, -4.5]\nK = [[1, 0], [0, 1]]\nα = slider(0.9, 0, 1)\na = α * P\nb = norm(K)"
    )
    assert recurrence.constants["P"].rows == (1.0, 2.0, -4.5)
    assert recurrence.constants["K"].shape == (2, 2)
    setting = recurrence.settings["α"]
    assert (setting.value, setting.minimum, setting.maximum) == (0.9, 0.0, 1.0)
    assert not recurrence.parameters


def test_boundary_values_are_kept_apart_from_equations() -> None:
    text = "h: 3\nx: input(3)\n" + LOOP + "h[t] = tanh(W @ h[t-1])\nh[0] = tanh(R @ x)"
    recurrence = parse(text)
    assert [one.variable for one in recurrence.equations] == ["h"]
    (boundary,) = recurrence.boundaries
    assert [str(one) for one in boundary.position or ()] == ["0"]
    assert recurrence.parameters["R"].shape == (3, 3)


def test_a_boundary_of_two_indices_runs_over_the_other() -> None:
    text = (
        "e: ()\nfor t in time:\n    for s in source:\n        e[t, s] = e[t, s-1] + 1\ne[t, 0] = t"
    )
    (boundary,) = parse(text).boundaries
    assert boundary.indices == ("t",)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("for n in tree:\n    h[n] = x[n]\nx: 2", "tree"),
        ("for k in parse:\n    h[k] = h[left(k)]\nh: 2", "tree"),
        ("for k in parse:\n    h[k] = leaf(k)", "tree"),
        ("h: 2\nfor k in text:\n    h[k] = tanh(h[k-1])\n    stop(sum(h[k]) > 1)", "generated"),
        ("for k in text:\n    h[k] = x[k]\nx: 2", "chain"),
    ],
)
def test_a_domain_is_a_tree_generated_or_a_chain(text: str, kind: str) -> None:
    assert [one.kind for one in parse(text).domains.values()] == [kind]


def test_equations_may_stand_in_any_order() -> None:
    lines = [
        "    h[t] = tanh(W @ h[t-1] + U @ x[t])",
        "    o[t] = V @ h[t]",
        "    p[t] = softmax(o[t])",
    ]
    texts = [
        "x: 2\nh: 3\no: 4\nfor t in time:\n" + "\n".join(order) for order in (lines, lines[::-1])
    ]
    first, second = (parse(text) for text in texts)
    assert {name: one.shape for name, one in first.variables.items()} == {
        name: one.shape for name, one in second.variables.items()
    }


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_may_end_in_any_way(end: str) -> None:
    assert parse(end.join(["x: 3", "for t in time:", "    h[t] = x[t]"])).variables["h"].shape == (
        3,
    )


def test_python_words_are_refused_and_greek_and_chinese_names_are_not() -> None:
    recurrence = parse("状态: 3\nfor 步 in 时间:\n    状态[步] = tanh(θ * 状态[步-1] + 偏置)")
    assert list(recurrence.variables) == ["状态"]
    assert {name: one.shape for name, one in recurrence.parameters.items()} == {
        "θ": (),
        "偏置": (3,),
    }
