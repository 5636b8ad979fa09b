"""What can be wrong with a run: which part of the request, what it is, and the cure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from unrolled.language import Tongue, Words, spoken
from unrolled.language.diagnostics import Message

RUN_MESSAGES: dict[str, Message] = {
    "input-unknown": Message(
        ("There is no input `{name}`.", "Inputs of this text: {names}."),
        ("没有名为 `{name}` 的输入。", "本文本的输入：{names}。"),
    ),
    "input-form": Message(
        (
            "The values of `{name}` cannot be read.",
            'Give a list with one entry a step: numbers, rows of {size} numbers, whole numbers for a one-hot input, {{"text": …}}, {{"next": …}} or {{"generate": …}}.',
        ),
        (
            "无法读取 `{name}` 的值。",
            '请给出每步一项的列表：数、{size} 个数的行、one-hot 输入的整数、{{"text": …}}、{{"next": …}} 或 {{"generate": …}}。',
        ),
    ),
    "observed-root": Message(
        (
            "`{name}` cannot be observed: its equation is not itself a random function of its shape.",
            "Give the draw an equation of its own, `y[t] = sample(p[t])`, and compute with `y[t]`.",
        ),
        (
            "无法观测 `{name}`：它的方程本身不是具有其形状的随机函数。",
            "请为抽样单独写一个方程 `y[t] = sample(p[t])`，再用 `y[t]` 计算。",
        ),
    ),
    "observed-held": Message(
        (
            "`{name}` is observed and held at once.",
            "Leave it out of `inputs`, or out of `clamp`.",
        ),
        ("`{name}` 同时被观测和固定。", "请从 `inputs` 或 `clamp` 中去掉它。"),
    ),
    "observed-values": Message(
        (
            "These values of `{name}` cannot have been drawn.",
            "`sample` draws classes (whole numbers, or rows with a single 1), `bernoulli` 0 or 1.",
        ),
        (
            "`{name}` 不可能抽到这些值。",
            "`sample` 抽取类别（整数，或只有一个 1 的行），`bernoulli` 抽取 0 或 1。",
        ),
    ),
    "input-empty": Message(
        ("`{name}` has no steps.", "Give at least one step: a character, a number or a row."),
        ("`{name}` 没有任何一步。", "请至少给出一步：一个字符、一个数或一行。"),
    ),
    "input-shape": Message(
        (
            "`{name}` has shape {have} here, but each step has shape {want}.",
            "Give rows of that shape, or set the size of `{name}` in `sizes`.",
        ),
        (
            "`{name}` 在这里的形状是 {have}，而每一步的形状是 {want}。",
            "请给出该形状的行，或在 `sizes` 中设置 `{name}` 的大小。",
        ),
    ),
    "input-batch": Message(
        (
            "`{name}` has a batch of {have} here, and this run has one of {batch}.",
            "Give one sequence, each step of shape {want}; in Python `batch={have}` runs {have} at once.",
        ),
        (
            "`{name}` 在这里有 {have} 个序列，而这次运行是 {batch} 个。",
            "请只给一个序列，每一步的形状是 {want}；在 Python 中可用 `batch={have}` 同时运行 {have} 个。",
        ),
    ),
    "input-finite": Message(
        (
            "`{name}` holds a value at step {step} that is not a finite number.",
            "Replace NaN and infinity by numbers.",
        ),
        ("`{name}` 在第 {step} 步的值不是有限的数。", "请把 NaN 和无穷换成数。"),
    ),
    "symbol-range": Message(
        (
            "The class {value} of `{name}` at step {step} is out of range.",
            "Classes go from 0 to {last}.",
        ),
        ("`{name}` 在第 {step} 步的类别 {value} 超出范围。", "类别从 0 到 {last}。"),
    ),
    "character-unknown": Message(
        (
            "The character {character} at place {place} is not in the alphabet of `{name}`.",
            "Write only characters of the alphabet ({alphabet}), or give an alphabet that has it.",
        ),
        (
            "第 {place} 个字符 {character} 不在 `{name}` 的字母表中。",
            "请只用字母表中的字符（{alphabet}），或给出包含它的字母表。",
        ),
    ),
    "text-not-onehot": Message(
        (
            "`{name}` is not one-hot, so it cannot be given as text.",
            "Declare `{name}: onehot(27)`, or give rows of numbers.",
        ),
        (
            "`{name}` 不是 one-hot 输入，不能用文本给出。",
            "请声明 `{name}: onehot(27)`，或给出数的行。",
        ),
    ),
    "alphabet-missing": Message(
        (
            "There is no usual alphabet of {size} characters for `{name}`.",
            'Give one: {{"text": …, "alphabet": …}} with {size} different characters.',
        ),
        (
            "`{name}` 没有通用的 {size} 字符字母表。",
            '请给出一个：{{"text": …, "alphabet": …}}，含 {size} 个不同字符。',
        ),
    ),
    "alphabet-size": Message(
        (
            "The alphabet has {have} different characters, but `{name}` has size {size}.",
            "Set `sizes` of `{name}` to {have}, or give {size} different characters.",
        ),
        (
            "字母表有 {have} 个不同字符，而 `{name}` 的大小是 {size}。",
            "请在 `sizes` 中把 `{name}` 设为 {have}，或给出 {size} 个不同字符。",
        ),
    ),
    "next-of": Message(
        (
            "`{name}` asks for what follows `{other}`, which is not an input of the same domain and size.",
            "Name an input that has the same domain and the same size.",
        ),
        (
            "`{name}` 要取 `{other}` 的后继，但后者不是同一域、同一大小的输入。",
            "请写一个域和大小都相同的输入。",
        ),
    ),
    "generate-unknown": Message(
        ("There is no generator `{generator}`.", "Generators: {names}."),
        ("没有名为 `{generator}` 的生成器。", "可用的生成器：{names}。"),
    ),
    "length-zero": Message(
        ("The domain `{domain}` needs at least one step.", "Give a length of 1 or more."),
        ("域 `{domain}` 至少需要一步。", "请给出不小于 1 的长度。"),
    ),
    "length-unknown-domain": Message(
        ("There is no domain `{name}`.", "Domains of this text: {names}."),
        ("没有名为 `{name}` 的域。", "本文本的域：{names}。"),
    ),
    "length-conflict": Message(
        (
            "`{name}` has {have} steps, but `{domain}` has {want} ({by}).",
            "Give all inputs of `{domain}` the same number of steps.",
        ),
        (
            "`{name}` 有 {have} 步，而 `{domain}` 有 {want} 步（{by}）。",
            "请让 `{domain}` 的所有输入步数相同。",
        ),
    ),
    "parameter-unknown": Message(
        ("There is no parameter `{name}`.", "Parameters of this text: {names}."),
        ("没有名为 `{name}` 的参数。", "本文本的参数：{names}。"),
    ),
    "parameter-form": Message(
        (
            "The values of `{name}` are not numbers in equal rows.",
            "Give nested lists of the shape {want}.",
        ),
        ("`{name}` 的值不是等长的数列。", "请给出形状为 {want} 的嵌套列表。"),
    ),
    "parameter-shape": Message(
        (
            "`{name}` has the shape {want}, but {have} was given.",
            "Give values of the shape {want}, or change the sizes.",
        ),
        ("`{name}` 的形状是 {want}，给出的是 {have}。", "请给出形状为 {want} 的值，或修改大小。"),
    ),
    "parameter-finite": Message(
        (
            "`{name}` holds a value that is not a finite number.",
            "Replace NaN and infinity by numbers.",
        ),
        ("`{name}` 含有不是有限数的值。", "请把 NaN 和无穷换成数。"),
    ),
    "setting-unknown": Message(
        ("There is no setting `{name}`.", "Settings of this text: {names}."),
        ("没有名为 `{name}` 的设置。", "本文本的设置：{names}。"),
    ),
    "setting-range": Message(
        ("`{name}` goes from {minimum} to {maximum}.", "Give a number within these limits."),
        ("`{name}` 的范围是 {minimum} 到 {maximum}。", "请给出此范围内的数。"),
    ),
    "boundary-unknown": Message(
        ("No equation reads `{name}` at {position}.", "Boundary values that are read: {names}."),
        ("没有方程读取 `{name}` 在 {position} 处的值。", "被读取的边界值有：{names}。"),
    ),
    "forcing-range": Message(
        ("`forcing` is a probability.", "Give a number from 0 to 1."),
        ("`forcing` 是概率。", "请给出 0 到 1 之间的数。"),
    ),
    "dtype-unknown": Message(
        ("There is no number type `{name}` here.", "Write float32 or float64."),
        ("这里没有数值类型 `{name}`。", "请写 float32 或 float64。"),
    ),
    "number-whole": Message(
        ("`{name}` is {have}.", "Give a whole number from {least}."),
        ("`{name}` 是 {have}。", "请给出从 {least} 起的整数。"),
    ),
    "variable-unknown": Message(
        ("There is no variable `{name}`.", "Variables of this text: {names}."),
        ("没有名为 `{name}` 的变量。", "本文本的变量：{names}。"),
    ),
    "gradient-of": Message(
        (
            "`{name}` is not a scalar that this run computes, so it has no gradient.",
            "Ask for one of these, at any of its steps (from 1) and units (from 0): {names}.",
        ),
        (
            "`{name}` 不是本次运行计算的标量，因此没有梯度。",
            "请选择下列之一，步从 1 起、单元从 0 起，可任选：{names}。",
        ),
    ),
    "jacobian-of": Message(
        (
            "`{name}` has no Jacobian in this run.",
            "Name a variable with one index at most, not over a tree: {names}.",
        ),
        (
            "`{name}` 在本次运行中没有雅可比矩阵。",
            "请给出至多一个下标、且不在树上的变量：{names}。",
        ),
    ),
    "jacobian-step": Message(
        (
            "There is no Jacobian of step {step} with respect to step {source}.",
            "Steps go from 1 to {rows}, and from 1 to {columns}.",
        ),
        (
            "没有第 {step} 步对第 {source} 步的雅可比矩阵。",
            "步分别从 1 到 {rows}，从 1 到 {columns}。",
        ),
    ),
    "gradient-outside": Message(
        ("`{name}` lies outside `{what}`.", "{kind} go from {first} to {last} there."),
        ("`{name}` 超出了 `{what}` 的范围。", "这里的{kind}从 {first} 到 {last}。"),
    ),
    "autograd-cost": Message(
        (
            "Torch's autograd would have to hold {held} values, and may hold {most}.",
            'Ask with `way="derived"`, which has no such limit, or run fewer steps.',
        ),
        (
            "torch 的 autograd 需要保存 {held} 个值，而上限是 {most}。",
            '请用没有此限制的 `way="derived"`，或减少步数。',
        ),
    ),
    "gradient-variable": Message(
        (
            "There is no `{name}` to take a gradient with respect to.",
            "Variables, inputs, parameters and sliders of this text: {names}.",
        ),
        (
            "没有 `{name}`，无法对它求梯度。",
            "本文本的变量、输入、参数和滑块：{names}。",
        ),
    ),
    "step-outside": Message(
        (
            "`{reference}` lies outside the {length} steps of this run.",
            "Make the run longer, or read a step that it has.",
        ),
        ("`{reference}` 超出了本次运行的 {length} 步。", "请加长运行，或读取已有的步。"),
    ),
    "clamp-unknown": Message(
        ("There is no variable `{name}` to hold.", "Variables with an equation: {names}."),
        ("没有可以固定的变量 `{name}`。", "有方程的变量：{names}。"),
    ),
    "clamp-no-steps": Message(
        ("`{name}` has no steps.", "Leave `steps` out."),
        ("`{name}` 没有时间步。", "请去掉 `steps`。"),
    ),
    "clamp-domain": Message(
        ("`{name}` has no steps in `{domain}`.", "Its domains: {names}."),
        ("`{name}` 在 `{domain}` 中没有步。", "它的域：{names}。"),
    ),
    "clamp-steps": Message(
        (
            "Steps {first} to {last} of `{name}` are not in this run.",
            "Give the first and the last step, between 1 and {length}.",
        ),
        (
            "`{name}` 的第 {first} 到第 {last} 步不在本次运行中。",
            "请给出首步和末步，在 1 到 {length} 之间。",
        ),
    ),
    "clamp-units": Message(
        ("`{name}` has no unit {unit}.", "Units go from 0 to {last}."),
        ("`{name}` 没有单元 {unit}。", "单元从 0 到 {last}。"),
    ),
    "clamp-value": Message(
        (
            "{have} values do not fit the {units} units of `{name}` that are held.",
            "Give one number, or one for each of these units.",
        ),
        (
            "{have} 个值与 `{name}` 被固定的 {units} 个单元不相符。",
            "请给出一个数，或为每个单元各给一个数。",
        ),
    ),
    "tree-empty": Message(
        ("A node of the tree `{name}` is an empty list.", "Give a leaf, or a pair of nodes."),
        ("树 `{name}` 的一个节点是空列表。", "请给出一个叶，或一对节点。"),
    ),
    "tree-children": Message(
        (
            "A node of the tree `{name}` has {count} children, but every inner node has two.",
            "Write pairs of pairs: [[a, b], c]. A plain list of leaves needs their number in `lengths`.",
        ),
        (
            "树 `{name}` 的一个节点有 {count} 个子节点，而每个内部节点恰有两个。",
            "请写成成对的嵌套：[[a, b], c]。若只给出叶的列表，请在 `lengths` 中给出叶的个数。",
        ),
    ),
    "tree-leaf": Message(
        (
            "A leaf of the tree `{name}` cannot be read.",
            "A leaf is a row of {size} numbers, or a whole number for a one-hot input.",
        ),
        (
            "无法读取树 `{name}` 的一个叶。",
            "一个叶是 {size} 个数的行；one-hot 输入的叶是一个整数。",
        ),
    ),
    "tree-differs": Message(
        (
            "The tree of `{name}` has another shape than that of `{other}`.",
            "Give both the same brackets, or give `{name}` as a plain list, a row a node.",
        ),
        (
            "`{name}` 的树与 `{other}` 的树形状不同。",
            "请让两者的括号相同，或把 `{name}` 写成普通列表，每个节点一行。",
        ),
    ),
    "tree-rows": Message(
        (
            "`{name}` has {have} rows, but the tree has {leaves} leaves and {nodes} nodes.",
            "Give a row a leaf or a row a node: leaves from left to right, then inner nodes, the root last.",
        ),
        (
            "`{name}` 有 {have} 行，而树有 {leaves} 个叶、{nodes} 个节点。",
            "请每个叶一行，或每个节点一行：先从左到右的叶，再是内部节点，根在最后。",
        ),
    ),
    "tree-leaves": Message(
        (
            "The tree of `{name}` has {have} leaves, but `lengths` says {want} for `{domain}`.",
            "Leave `{domain}` out of `lengths`: the tree says it.",
        ),
        (
            "`{name}` 的树有 {have} 个叶，而 `lengths` 中 `{domain}` 为 {want}。",
            "请从 `lengths` 中去掉 `{domain}`：树已说明叶的个数。",
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class RunProblem:
    """One thing wrong with a run; `pointer` is a JSON pointer into the request."""

    pointer: str
    code: str
    arguments: Mapping[str, Words] = field(default_factory=dict[str, Words])

    def detail(self, language: Tongue = "en") -> str:
        """What is wrong."""
        return self._fill(0, language)

    def hint(self, language: Tongue = "en") -> str:
        """What to give instead."""
        return self._fill(1, language)

    def _fill(self, part: int, language: Tongue) -> str:
        message = RUN_MESSAGES[self.code]
        template = (message.zh if language == "zh" else message.en)[part]
        return template.format(**spoken(self.arguments, language))


class RunError(ValueError):
    """A run that cannot start. `errors` says which part of the request is wrong and how to mend it."""

    def __init__(self, errors: Sequence[RunProblem]) -> None:
        self.errors = tuple(errors)
        first, *others = self.errors
        more = f" (Also wrong: {', '.join(one.pointer for one in others)}.)" if others else ""
        super().__init__(f"{first.pointer}: {first.detail()} {first.hint()}{more}")


def escape(name: str) -> str:
    """A name as a part of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def refuse(pointer: str, code: str, **arguments: Words) -> RunError:
    """One problem as an error to raise."""
    return RunError([RunProblem(pointer, code, arguments)])
