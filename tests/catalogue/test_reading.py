"""What the reader of catalogue files makes of right and of wrong files."""

from __future__ import annotations

import pytest

from unrolled.catalogue import CatalogueError, Symbol, check, read_entry, render
from unrolled.catalogue.variants import ChangeError, apply_changes
from unrolled.language import parse

GOOD = """\
---
id: plain
order: 1
titles: {en: Plain, zh: 普通}
section: "10.2"
figure: null
equation_numbers: []
paper: somebody
variants:
  fast: {en: Fast, zh: 快, defaults: {lengths: {time: 3}}}
---

```recurrence
h: 2
for t in time:
    h[t] = tanh(W @ h[t-1] + x[t])
    o[t] = h[t]
```

```recurrence fast
h[t] = relu(W @ z[t-1] + x[t])
z[t] = 2 * h[t]
```

## en

English.

## zh

中文。
"""


def test_a_variant_replaces_lines_by_their_left_side_and_inserts_new_ones() -> None:
    entry = read_entry(GOOD, "plain.md")
    first, fast = entry.texts
    assert first.equations.split("\n")[2] == "    h[t] = tanh(W @ h[t-1] + x[t])"
    assert fast.equations == (
        "h: 2\nfor t in time:\n    h[t] = relu(W @ z[t-1] + x[t])\n    z[t] = 2 * h[t]\n"
        "    o[t] = h[t]\n"
    )
    assert [GOOD.split("\n")[line - 1].strip() for line in fast.lines] == [
        line.strip() for line in fast.equations.splitlines()
    ]


def test_a_variant_with_a_domain_is_a_whole_text() -> None:
    whole = GOOD.replace(
        "h[t] = relu(W @ z[t-1] + x[t])\nz[t] = 2 * h[t]",
        "for t in time:\n    a[t] = W @ a[t-1]",
    )
    assert read_entry(whole, "plain.md").texts[1].equations == (
        "for t in time:\n    a[t] = W @ a[t-1]\n"
    )


def test_a_variant_has_the_defaults_of_its_entry_but_for_its_own() -> None:
    texts = read_entry(GOOD, "plain.md").texts
    assert dict(texts[0].defaults.lengths) == {}
    assert dict(texts[1].defaults.lengths) == {"time": 3}


@pytest.mark.parametrize(
    ("change", "line", "words"),
    [
        (("---\nid", "id"), 1, "begin the file with front matter"),
        (("\n---\n\n```", "\n\n```"), 1, "close the front matter"),
        (("id: plain", "id: [plain"), 3, "not YAML"),
        (("id: plain\n", ""), 1, "lacks `id`"),
        (("id: plain", "id: Plain Thing"), 2, "small letters"),
        (("order: 1", "order: first"), 3, "`order` has the wrong type"),
        (('"10.2"', "10.2"), 5, "put it in quotes"),
        (("zh: 普通", "de: schlicht"), 4, "`zh"),
        (("paper:", "papers: x\npaper:"), 8, "`papers` is not a front matter key"),
        (("lengths:", "length:"), 10, "`length` is not a default"),
        (("{time: 3}", "{time: 3}, seed: one"), 10, "`seed` of the defaults is a number"),
        (("{time: 3}", "{time: 3}, parameters: [1]"), 10, "`parameters` of the defaults is names"),
        (("paper: somebody", "paper: {en: somebody (once)}"), 8, "`paper` needs a title `zh"),
        (("paper: somebody", "paper: 1992"), 8, "put it in quotes"),
        (("paper:", "legend: {h: state}\npaper:"), 8, "`h` needs a title"),
        (("fast: {en", "slow: {en"), 20, "give this variant its titles"),
        (("```recurrence\n", "```recurrence first\n"), 13, "the first recurrence has no name"),
        (("recurrence fast", "recurrence fast\nrelu(x)"), 21, "begins with a left side"),
        (("h[t] = relu(W @ z[t-1]", "k[t] = relu(W @ z[t-1]"), 21, "no `k[t]` to change"),
        (("## zh", "## de"), 29, "`## en` and `## zh`"),
        (("English.", ""), 12, "no prose under `## en`"),
        (("z[t] = 2 * h[t]\n```", "z[t] = 2 * h[t]"), 20, "close this block"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_file_and_line(
    change: tuple[str, str], line: int, words: str
) -> None:
    broken = GOOD.replace(*change)
    assert broken != GOOD
    with pytest.raises(CatalogueError) as caught:
        read_entry(broken, "plain.md")
    assert str(caught.value).startswith(f"plain.md:{line}: ")
    assert words in str(caught.value)


def test_an_error_in_equations_is_said_at_the_line_of_the_file() -> None:
    broken = GOOD.replace("z[t] = 2 * h[t]", "z[t] = 2 * tang(h[t])")
    with pytest.raises(CatalogueError) as caught:
        check(read_entry(broken, "plain.md"))
    assert caught.value.line == 22
    assert "tang" in caught.value.message


@pytest.mark.parametrize(
    ("matter", "words"),
    [
        ("legend: {k: {en: key, zh: 键}}", "`legend`: no equation has `k`"),
        ("defaults: {parameters: {W: [[1]]}}", "`parameters` of the defaults: `W`"),
        ("defaults: {parameters: {V: [[1]]}}", "`parameters` of the defaults: `V`"),
        ("defaults: {boundary: {h: [1]}}", "`boundary` of the defaults: `h`"),
        ("defaults: {settings: {W: 1}}", "`settings` of the defaults: `W`"),
        ("defaults: {clamp: [{variable: v, value: 1}]}", "`clamp` of the defaults: `v`"),
    ],
)
def test_a_name_that_stands_in_no_equation_is_found(matter: str, words: str) -> None:
    with pytest.raises(CatalogueError) as caught:
        check(read_entry(GOOD.replace("paper:", f"{matter}\npaper:"), "plain.md"))
    assert words in caught.value.message


def test_defaults_are_passed_over_where_they_do_not_fit() -> None:
    given = "defaults: {parameters: {W: [[1, 0], [0, 1]]}, boundary: {h: [1, 2], z: {'0': [3, 4]}}}"
    entry = read_entry(GOOD.replace("paper:", f"{given}\npaper:"), "plain.md")
    check(entry)
    first, fast = entry.texts
    plain, other = parse(first.equations), parse(fast.equations, sizes={"h": 3})
    assert first.defaults.parameters_of(plain) == {"W": [[1, 0], [0, 1]]}
    assert first.defaults.boundary_of(plain) == {"h": [1, 2]}
    assert fast.defaults.boundary_of(parse(fast.equations)) == {"h": [1, 2], "z": {"0": [3, 4]}}
    assert fast.defaults.parameters_of(other) == {}
    assert fast.defaults.boundary_of(other) == {}


def test_changes_keep_the_order_of_the_text_they_change() -> None:
    base = [("a = 1", 1), ("b = 2", 2), ("c = 3", 3)]
    changed = apply_changes(base, [("b = 5", 7), ("d = 6", 8), ("", 9), ("c=7", 10)])
    assert changed == [("a = 1", 1), ("b = 5", 7), ("d = 6", 8), ("c=7", 10)]
    with pytest.raises(ChangeError):
        apply_changes(base, [("a == 1", 7)])


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        (
            "`h[t-1]`",
            '<span class="math" data-latex="\\boldsymbol{h}^{(t-1)}" data-node="h"><var>h</var>'
            "<sup>(t−1)</sup></span>",
        ),
        (
            "`W_f`",
            '<span class="math" data-latex="\\boldsymbol{W}_{f}" data-parameter="W_f">'
            "<var>W</var><sub>f</sub></span>",
        ),
        (
            "`p_q`",
            '<span class="math" data-latex="\\boldsymbol{p}_{q}"><var>p</var><sub>q</sub></span>',
        ),
        (
            "`h[end]`",
            '<span class="math" data-latex="\\boldsymbol{h}^{(\\tau)}" data-node="h"><var>h</var>'
            "<sup>(τ)</sup></span>",
        ),
        ("$a<b$", '<span class="math" data-latex="a&lt;b">a&lt;b</span>'),
        ("`force(y[t], o[t])`", "<code>force(y[t], o[t])</code>"),
        ("<script>x</script>", "&lt;script&gt;x&lt;/script&gt;"),
        ("a $ b", "a $ b"),
        ("中文\n中文。\n中文", "<p>中文中文。中文</p>"),
        ("用 torch\n计算，\n`h`", "<p>用 torch\n计算，<span"),
        ("中文。\n- 一\n- 二", "<li>一</li>"),
        ("one\ntwo.\nThree", "<p>one\ntwo.\nThree</p>"),
    ],
)
def test_symbols_and_formulas_of_prose_become_mathematics(markdown: str, html: str) -> None:
    symbols = {
        "h": Symbol("\\boldsymbol{h}", "node"),
        "W_f": Symbol("\\boldsymbol{W}_{f}", "parameter"),
    }
    assert html in render(markdown, symbols)
