"""What can be wrong with a text: where it is, what it is, and what to write instead.

One table, `MESSAGES`, holds every sentence in both languages; a test shows that each code in it
has a smallest text that causes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Tongue = Literal["en", "zh"]
Words = str | tuple[str, str]
"""What fills a place of a message: the same in both languages, or in English and in Chinese."""


@dataclass(frozen=True, slots=True)
class Span:
    """A place in a text: 1-based lines, 1-based columns in characters, the end exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True)
class Message:
    """Detail (what is wrong) and hint (what to write instead), as templates, in both languages."""

    en: tuple[str, str]
    zh: tuple[str, str]


MESSAGES: dict[str, Message] = {
    "empty": Message(
        (
            "The text holds no equation.",
            "Write one, for example: h[t] = tanh(W @ h[t-1] + U @ x[t])",
        ),
        ("文本中没有方程。", "请写一个，例如：h[t] = tanh(W @ h[t-1] + U @ x[t])"),
    ),
    "too-long": Message(
        (
            "The text has {have} {unit}, more than the {limit} allowed.",
            "Shorten it, or split the model into two texts.",
        ),
        ("文本有 {have} {unit}，超过允许的 {limit}。", "请缩短文本，或把模型分成两段。"),
    ),
    "too-deep": Message(
        (
            "This expression is nested more than {limit} levels deep.",
            "Give a part of it a name of its own, in an equation before this one.",
        ),
        ("这个表达式的嵌套超过 {limit} 层。", "请在前面另写一个方程，给其中一部分起个名字。"),
    ),
    "character": Message(
        (
            "The character {character} has no meaning here.",
            "{suggestion}",
        ),
        ("字符 {character} 在这里没有意义。", "{suggestion}"),
    ),
    "number": Message(
        (
            "{number} is not a number this language can read.",
            "Write a decimal number such as 3, 0.5 or 1e-3, with a space or an operator after it.",
        ),
        (
            "{number} 不是本语言能读的数。",
            "请写十进制数，例如 3、0.5 或 1e-3，后面跟空格或运算符。",
        ),
    ),
    "number-range": Message(
        ("The number {number} is too large.", "Numbers go up to 1e300."),
        ("数 {number} 太大。", "数的绝对值最大为 1e300。"),
    ),
    "syntax": Message(
        (
            "This line cannot be read as an equation, a declaration or a loop.",
            "Lines look like `h[t] = tanh(b + W @ h[t-1])`, `h: 8` or `for t in time:`.",
        ),
        (
            "这一行不能读作方程、声明或循环。",
            "每行的形式如 `h[t] = tanh(b + W @ h[t-1])`、`h: 8` 或 `for t in time:`。",
        ),
    ),
    "indentation": Message(
        (
            "The indentation does not fit.",
            "Indent every line of a loop by the same number of spaces (four), and nothing else.",
        ),
        ("缩进不正确。", "循环里的每一行缩进相同的空格数（四个），其他行不缩进。"),
    ),
    "loop-empty": Message(
        (
            "No indented line follows this loop.",
            "Indent the lines that belong to it by four spaces, or remove it.",
        ),
        ("这个循环后面没有缩进的行。", "属于它的每一行请缩进四个空格；否则删去它。"),
    ),
    "bracket": Message(
        (
            "A bracket is not closed, or closes nothing.",
            "Check that every ( and [ has its ) and ] on this line.",
        ),
        ("括号没有配对。", "请检查这一行里每个 ( 和 [ 都有对应的 ) 和 ]。"),
    ),
    "operator-missing": Message(
        (
            "There is no operator between `{left}` and `{right}`.",
            "{suggestion}",
        ),
        ("`{left}` 与 `{right}` 之间缺少运算符。", "{suggestion}"),
    ),
    "operator": Message(
        ("There is no operator `{sign}`.", "{suggestion}"),
        ("没有运算符 `{sign}`。", "{suggestion}"),
    ),
    "colon": Message(
        ("A colon is missing.", "A loop ends with a colon: `for t in time:`"),
        ("缺少冒号。", "循环以冒号结尾：`for t in time:`"),
    ),
    "keyword": Message(
        (
            "`{name}` is a word of Python and cannot be a name.",
            "Choose another name, such as `{name}_`; Greek letters can be names.",
        ),
        (
            "`{name}` 是 Python 的关键字，不能作名字。",
            "请换一个名字，例如 `{name}_`；希腊字母可以作名字。",
        ),
    ),
    "statement": Message(
        (
            "This kind of line does not belong to the language.",
            "A line is an equation, a declaration `h: 8`, a loop `for t in time:` or `stop(…)`.",
        ),
        (
            "本语言没有这种语句。",
            "每行是一个方程、一个声明 `h: 8`、一个循环 `for t in time:` 或 `stop(…)`。",
        ),
    ),
    "expression": Message(
        (
            "This kind of expression does not belong to the language.",
            "Use + - * / ** % @, comparisons such as t > 3, and functions such as tanh(…).",
        ),
        ("本语言没有这种表达式。", "可用 + - * / ** % @、比较（如 t > 3）以及函数（如 tanh(…)）。"),
    ),
    "chained-comparison": Message(
        (
            "A comparison compares two things.",
            "Write it as a product of two comparisons: (a < b) * (b < c).",
        ),
        ("一次比较只能比较两个量。", "请写成两个比较的乘积：(a < b) * (b < c)。"),
    ),
    "function": Message(
        ("There is no function `{name}`.", "{suggestion}"),
        ("没有名为 `{name}` 的函数。", "{suggestion}"),
    ),
    "argument-count": Message(
        ("`{name}` takes {expected} arguments, here are {have}.", "Write it as `{usage}`."),
        ("`{name}` 需要 {expected} 个参数，这里有 {have} 个。", "请写成 `{usage}`。"),
    ),
    "argument-named": Message(
        ("`{name}` takes no named arguments like this one.", "Write it as `{usage}`."),
        ("`{name}` 不接受这样的具名参数。", "请写成 `{usage}`。"),
    ),
    "form-place": Message(
        ("`{name}(…)` cannot stand inside an equation.", "Give it a line of its own: `{usage}`."),
        ("`{name}(…)` 不能放在方程里。", "请单独写一行：`{usage}`。"),
    ),
    "function-as-name": Message(
        (
            "`{name}` is a function and cannot be the name of a variable.",
            "Choose another name, or call it: `{usage}`.",
        ),
        ("`{name}` 是函数，不能作变量名。", "请换一个名字，或调用它：`{usage}`。"),
    ),
    "reserved": Message(
        ("`{name}` has a meaning of its own here and cannot be a name.", "Choose another name."),
        ("`{name}` 在这里有专门的含义，不能作名字。", "请换一个名字。"),
    ),
    "loop": Message(
        (
            "A loop names one index and one domain.",
            "Write it as `for t in time:`, with names of your own.",
        ),
        ("循环需要一个下标和一个域。", "请写成 `for t in time:`，名字可以自取。"),
    ),
    "loop-nested-same": Message(
        (
            "The index `{index}` is already running here.",
            "Give the inner loop another index, for example `for s in source:`.",
        ),
        (
            "下标 `{index}` 已在外层循环中使用。",
            "请给内层循环换一个下标，例如 `for s in source:`。",
        ),
    ),
    "loop-depth": Message(
        (
            "Loops nest at most two deep.",
            "Split the variable into two, each with one or two indices.",
        ),
        ("循环最多嵌套两层。", "请把变量拆成两个，各带一个或两个下标。"),
    ),
    "index-domain": Message(
        (
            "The index `{index}` runs over `{first}` on line {other}, and here over `{second}`.",
            "Give one of the two loops another index.",
        ),
        (
            "下标 `{index}` 在第 {other} 行遍历 `{first}`，这里却遍历 `{second}`。",
            "请给其中一个循环换一个下标。",
        ),
    ),
    "index-form": Message(
        (
            "This is not an index.",
            "An index is t, t-1, t+1, a whole number, end, end+1, or on a tree left(n), right(n), root.",
        ),
        (
            "这不是一个下标。",
            "下标可以是 t、t-1、t+1、整数、end、end+1，在树上还可以是 left(n)、right(n)、root。",
        ),
    ),
    "index-range": Message(
        (
            "`{position}` is too far away.",
            "An index reaches at most {limit} steps back, ahead, or outside the domain.",
        ),
        ("`{position}` 太远了。", "下标最多向前、向后或超出域 {limit} 步。"),
    ),
    "index-unknown": Message(
        ("The index `{index}` is not running here.", "{suggestion}"),
        ("下标 `{index}` 在这里没有定义。", "{suggestion}"),
    ),
    "index-count": Message(
        ("`{name}` has {expected} indices, here are {have}.", "Write it as `{usage}`."),
        ("`{name}` 有 {expected} 个下标，这里有 {have} 个。", "请写成 `{usage}`。"),
    ),
    "index-wrong-domain": Message(
        (
            "`{name}` runs over `{expected}`, but `{index}` runs over `{have}`.",
            "Use an index of `{expected}` here.",
        ),
        (
            "`{name}` 在域 `{expected}` 上，而 `{index}` 遍历的是 `{have}`。",
            "这里请用 `{expected}` 的下标。",
        ),
    ),
    "index-missing": Message(
        (
            "`{name}` has a value at every step, so it needs an index here.",
            "Write `{usage}`; without an index it can stand only inside sum(…) or mean(…).",
        ),
        (
            "`{name}` 在每一步都有值，这里需要下标。",
            "请写 `{usage}`；不带下标时只能放在 sum(…) 或 mean(…) 里。",
        ),
    ),
    "index-needless": Message(
        (
            "`{name}` has one value for the whole run, so it takes no index.",
            "Write `{name}` without brackets, or define it as `{name}[t] = …` in a loop.",
        ),
        (
            "`{name}` 整个运行只有一个值，不带下标。",
            "请写不带方括号的 `{name}`，或在循环中定义 `{name}[t] = …`。",
        ),
    ),
    "target-form": Message(
        ("The left side of an equation is one variable.", "Write `{usage}`."),
        ("方程左边是一个变量。", "请写 `{usage}`。"),
    ),
    "target-index": Message(
        (
            "Inside these loops the left side must carry the index `{expected}`.",
            "Write `{usage}`, or move the line out of the loop.",
        ),
        ("在这些循环里，左边必须带下标 `{expected}`。", "请写 `{usage}`，或把这一行移出循环。"),
    ),
    "boundary-position": Message(
        (
            "`{name}[{position}]` lies inside the domain, where the equation of `{name}` already holds.",
            "Boundary values are `{name}[0]`, `{name}[-1]`, … or `{name}[end + 1]`; for a special first step write where(t == 1, …, …).",
        ),
        (
            "`{name}[{position}]` 在域之内，那里已由 `{name}` 的方程给出。",
            "边界值是 `{name}[0]`、`{name}[-1]`…… 或 `{name}[end + 1]`；第一步的特殊情形请写 where(t == 1, …, …)。",
        ),
    ),
    "boundary-unread": Message(
        (
            "`{usage}` is a boundary value that no equation reads.",
            "Remove the line, or read it, for example as `{name}[t-1]`.",
        ),
        ("没有方程读取边界值 `{usage}`。", "请删去这一行，或读取它，例如 `{name}[t-1]`。"),
    ),
    "boundary-alone": Message(
        (
            "`{name}` has a boundary value but no equation.",
            "Add its equation: `{name}[t] = …` in a loop.",
        ),
        ("`{name}` 有边界值，却没有方程。", "请补上它的方程：在循环中写 `{name}[t] = …`。"),
    ),
    "defined-twice": Message(
        ("`{name}` is already defined on line {other}.", "Give one of the two another name."),
        ("`{name}` 已在第 {other} 行定义。", "请给其中一个换个名字。"),
    ),
    "declaration": Message(
        (
            "This is not a shape.",
            "Write `h: 8` (a vector), `M: (16, 6)` (a matrix), `k: ()` (a scalar), `x: onehot(27)` or `x: input(4)`.",
        ),
        (
            "这不是一个形状。",
            "请写 `h: 8`（向量）、`M: (16, 6)`（矩阵）、`k: ()`（标量）、`x: onehot(27)` 或 `x: input(4)`。",
        ),
    ),
    "size-range": Message(
        ("The size {size} is out of range.", "A size is a whole number from 1 to {limit}."),
        ("大小 {size} 超出范围。", "大小是 1 到 {limit} 的整数。"),
    ),
    "declared-unused": Message(
        (
            "`{name}` is declared here, but no equation uses it.",
            "Remove the line, or use `{name}`.",
        ),
        ("`{name}` 在此声明，但没有方程使用它。", "请删去这一行，或使用 `{name}`。"),
    ),
    "onehot-defined": Message(
        (
            "`{name}` is declared as an input, but has an equation on line {other}.",
            "Remove one of the two.",
        ),
        ("`{name}` 声明为输入，却在第 {other} 行有方程。", "请删去其中之一。"),
    ),
    "size-override": Message(
        (
            "There is no variable `{name}` whose size could be set.",
            "Sizes can be set for: {names}.",
        ),
        ("没有可以设置大小的变量 `{name}`。", "可以设置大小的有：{names}。"),
    ),
    "setting-form": Message(
        (
            "This is not how the start of `{name}` is written.",
            "Write it as `{usage}`, with numbers only; a start lies between its limits.",
        ),
        ("`{name}` 的初值不是这样写的。", "请写成 `{usage}`，只用数字；初值须在范围之内。"),
    ),
    "constant-form": Message(
        (
            "A constant is a list of numbers, or a list of equally long lists of numbers.",
            "Write `P = [1, 2, 4]` or `K = [[1, 1], [0, 1]]`.",
        ),
        (
            "常量是数的列表，或等长的数列表的列表。",
            "请写 `P = [1, 2, 4]` 或 `K = [[1, 1], [0, 1]]`。",
        ),
    ),
    "form-unnamed": Message(
        (
            "A list of numbers, `parameter(…)` and `slider(…)` each need a name without an index.",
            "Name it first, at the left margin: `{name}_0 = …`; then write `{usage} = {name}_0`.",
        ),
        (
            "数的列表、`parameter(…)` 和 `slider(…)` 都需要一个不带下标的名字。",
            "请先在左边界另起一行命名：`{name}_0 = …`，再写 `{usage} = {name}_0`。",
        ),
    ),
    "inside-loop": Message(
        (
            "This line holds for the whole run and belongs outside the loop.",
            "Move it to the left margin, above the loop.",
        ),
        ("这一行对整个运行有效，应放在循环之外。", "请把它移到循环上方，不缩进。"),
    ),
    "stop-place": Message(
        (
            "`stop(…)` ends a loop, so it stands alone on a line inside one.",
            "Write it inside the loop it ends, as `stop(e[t] > 0.5)`.",
        ),
        (
            "`stop(…)` 用来结束一个循环，应在循环内单独成行。",
            "请写在它要结束的循环里，例如 `stop(e[t] > 0.5)`。",
        ),
    ),
    "stop-input": Message(
        (
            "The domain `{domain}` ends by stop(…), but the input `{name}` already fixes its length.",
            "Remove `stop(…)`, or let `{name}` be computed.",
        ),
        (
            "域 `{domain}` 由 stop(…) 结束，但输入 `{name}` 已决定它的长度。",
            "请删去 `stop(…)`，或让 `{name}` 由计算得出。",
        ),
    ),
    "stop-undetermined": Message(
        (
            "Where `{domain}` ends must be known when the step has been computed, but the condition needs "
            "`{read}`, which is known only after the last step.",
            "Let the condition follow from this step and earlier ones (`t`, `t-1`), and not from `t+1`, `end`, "
            "a sum over `{domain}`, or another domain that waits for this one.",
        ),
        (
            "计算完一步就应知道 `{domain}` 是否结束，但停止条件需要 `{read}`，它在最后一步之后才能知道。",
            "请让条件只依赖这一步和更早的步（`t`、`t-1`），不要依赖 `t+1`、`end`、对 `{domain}` 的求和，"
            "或另一个要等它结束的域。",
        ),
    ),
    "reduction-index": Message(
        ("The second argument of `{name}` is an index to run over.", "Write it as `{usage}`."),
        ("`{name}` 的第二个参数是要遍历的下标。", "请写成 `{usage}`。"),
    ),
    "reduction-unused": Message(
        (
            "Nothing inside this `{name}` depends on the index `{index}`.",
            "Leave the index out, or use it inside, as in `sum(a[t, {index}], {index})`.",
        ),
        (
            "这个 `{name}` 里没有依赖下标 `{index}` 的量。",
            "请去掉下标，或在里面用到它，例如 `sum(a[t, {index}], {index})`。",
        ),
    ),
    "tree-position": Message(
        (
            "`{position}` belongs to a tree, but `{name}` does not run over one.",
            "Open the tree with `for n in tree:`, and index `{name}` by n.",
        ),
        (
            "`{position}` 只能用于树，而 `{name}` 不在树上。",
            "请用 `for n in tree:` 打开树，并用 n 作 `{name}` 的下标。",
        ),
    ),
    "chain-position": Message(
        (
            "A tree has no order, so `{position}` has no meaning on it.",
            "On a tree write n, left(n), right(n) or root.",
        ),
        (
            "树没有先后次序，`{position}` 在树上没有意义。",
            "在树上请写 n、left(n)、right(n) 或 root。",
        ),
    ),
    "rank": Message(
        ("`{left}` is {left_rank}, which does not fit {right_rank}, `{right}`.", "{suggestion}"),
        ("`{left}` 是{left_rank}，与{right_rank} `{right}` 不相容。", "{suggestion}"),
    ),
    "shape": Message(
        (
            "`{left}` has size {left_size}{left_origin}, but `{right}` has size {right_size}{right_origin}.",
            "Make the two sizes equal, or multiply by a matrix of its own: `{product}`.",
        ),
        (
            "`{left}` 的大小是 {left_size}{left_origin}，而 `{right}` 的大小是 {right_size}{right_origin}。",
            "请让两者大小相等，或乘以一个新的矩阵：`{product}`。",
        ),
    ),
    "size-unknown": Message(
        (
            "Nothing determines the size of `{name}`.",
            "Add a line at the top: `{name}: 8` (a vector of 8), or `{name}: ()` (a scalar).{other}",
        ),
        (
            "`{name}` 的大小无法确定。",
            "请在开头加一行：`{name}: 8`（8 维向量），或 `{name}: ()`（标量）。{other}",
        ),
    ),
    "cycle": Message(
        (
            "These variables need each other at the same step: {cycle}.",
            "Let one of them read the step before, for example `{name}[t-1]`.",
        ),
        ("这些变量在同一步互相依赖：{cycle}。", "请让其中一个读取前一步，例如 `{name}[t-1]`。"),
    ),
    "cycle-static": Message(
        (
            "These variables need each other: {cycle}.",
            "Break the circle: one of them must be computed from the others only.",
        ),
        ("这些变量互相依赖：{cycle}。", "请打破循环：其中必须有一个只由其他量算出。"),
    ),
    "cycle-direction": Message(
        (
            "This cycle needs both earlier and later steps of `{domain}`: {cycle}.",
            "Use only `-` or only `+` within one cycle; a bidirectional network has two separate chains.",
        ),
        (
            "这个循环既需要 `{domain}` 中较早的步，又需要较晚的步：{cycle}。",
            "同一个循环里只能用 `-` 或只能用 `+`；双向网络是两条分开的链。",
        ),
    ),
    "cycle-whole": Message(
        (
            "This cycle needs a value of the whole domain `{domain}` before it is known: {cycle}.",
            "Inside a cycle read single steps such as `{name}[t-1]`, not `end`, a fixed step or a sum over all steps.",
        ),
        (
            "这个循环在 `{domain}` 全部算出之前就需要它的整体值：{cycle}。",
            "循环内请读取单步，例如 `{name}[t-1]`，不要读 `end`、固定的步或对所有步的求和。",
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing wrong with a text.

    `code` is a key of `MESSAGES`; `pointer` is the part of a request it belongs to.
    A value in `arguments` may be a pair (English, Chinese).
    """

    code: str
    span: Span
    arguments: Mapping[str, Words] = field(default_factory=dict[str, "str | tuple[str, str]"])
    pointer: str = "/equations"

    @property
    def line(self) -> int:
        return self.span.line

    @property
    def column(self) -> int:
        return self.span.column

    @property
    def end_line(self) -> int:
        return self.span.end_line

    @property
    def end_column(self) -> int:
        return self.span.end_column

    def detail(self, language: Tongue = "en") -> str:
        """What is wrong, in the reader's language."""
        return self._fill(0, language)

    def hint(self, language: Tongue = "en") -> str:
        """What to write instead, in the reader's language."""
        return self._fill(1, language)

    def _fill(self, part: int, language: Tongue) -> str:
        message = MESSAGES[self.code]
        template = (message.zh if language == "zh" else message.en)[part]
        return template.format(**spoken(self.arguments, language))


class LanguageError(ValueError):
    """A text that is not a recurrence. `diagnostics` says where and why, in the order of the text."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics: tuple[Diagnostic, ...] = tuple(
            sorted(diagnostics, key=lambda one: (one.line, one.column))
        )
        first, *others = self.diagnostics
        more = f" (Also wrong: line {', '.join(str(one.line) for one in others)}.)"
        super().__init__(
            f"line {first.line}, column {first.column}: {first.detail()} {first.hint()}{more if others else ''}"
        )


def spoken(arguments: Mapping[str, object], language: Tongue) -> dict[str, object]:
    """What fills the places of a message in one language: of pairs the one, all else as it is."""
    which = 1 if language == "zh" else 0
    return {
        key: value[which] if isinstance(value, tuple) else value for key, value in arguments.items()
    }


def listed(names: Iterable[str]) -> Words:
    """Names for a message, or the word for none."""
    return ", ".join(names) or ("none", "无")


def shorten(text: str, limit: int = 40) -> str:
    """A piece of the reader's text, short enough for a sentence."""
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1] + "…"
