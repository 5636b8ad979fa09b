"""The whole vocabulary: one row a function, with its shape rule, its LaTeX and its line of help.

Nothing outside this table can be called. The torch implementation of each row is in
`engine/kernels.py`, under the same name; a test holds the two tables against each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from unrolled.language import shapes
from unrolled.language.shapes import Rule

Family = Literal["operator", "elementwise", "vector", "random", "feedback", "loss", "tree"]


@dataclass(frozen=True, slots=True)
class Function:
    """A row of the table.

    `latex` has {0}, {1} for the arguments. `operations` is the number of floating-point operations
    for one unit of the result (`matmul` and the reductions are counted from their arguments).
    `over` says that a last argument may name an index to run over.
    """

    name: str
    arguments: tuple[int, int]
    rule: Rule
    latex: str
    usage: str
    en: str
    zh: str
    family: Family
    operations: int = 1
    over: bool = False
    is_elementwise: bool = False


def _row(
    name: str,
    arguments: int | tuple[int, int],
    rule: Rule,
    latex: str,
    usage: str,
    en: str,
    zh: str,
    family: Family,
    operations: int = 1,
    over: bool = False,
) -> Function:
    count = (arguments, arguments) if isinstance(arguments, int) else arguments
    return Function(
        name,
        count,
        rule,
        latex,
        usage,
        en,
        zh,
        family,
        operations,
        over,
        rule is shapes.elementwise,
    )


_E = shapes.elementwise

FUNCTIONS: dict[str, Function] = {
    row.name: row
    for row in (
        # operators
        _row("add", 2, _E, "{0} + {1}", "a + b", "sum, unit by unit", "逐元素相加", "operator"),
        _row(
            "subtract",
            2,
            _E,
            "{0} - {1}",
            "a - b",
            "difference, unit by unit",
            "逐元素相减",
            "operator",
        ),
        _row(
            "multiply",
            2,
            _E,
            r"{0} \odot {1}",
            "a * b",
            "product, unit by unit",
            "逐元素相乘",
            "operator",
        ),
        _row(
            "divide",
            2,
            _E,
            r"\frac{{{0}}}{{{1}}}",
            "a / b",
            "quotient, unit by unit",
            "逐元素相除",
            "operator",
        ),
        _row(
            "power",
            2,
            _E,
            "{{{0}}}^{{{1}}}",
            "a ** b",
            "power, unit by unit",
            "逐元素乘方",
            "operator",
            8,
        ),
        _row(
            "modulo",
            2,
            _E,
            r"{0} \bmod {1}",
            "t % P",
            "remainder: clocks",
            "取余：用于时钟",
            "operator",
        ),
        _row("negative", 1, _E, "-{0}", "-a", "the opposite", "取相反数", "operator"),
        _row(
            "matmul",
            2,
            shapes.matmul,
            "{0} {1}",
            "W @ h[t-1]",
            "matrix product; of two vectors, the dot product",
            "矩阵乘积；两个向量则为点积",
            "operator",
            2,
        ),
        _row(
            "equal",
            2,
            _E,
            "{0} = {1}",
            "a == b",
            "1 where equal, else 0",
            "相等为 1，否则为 0",
            "operator",
        ),
        _row(
            "not_equal",
            2,
            _E,
            r"{0} \neq {1}",
            "a != b",
            "1 where different, else 0",
            "不等为 1，否则为 0",
            "operator",
        ),
        _row(
            "less",
            2,
            _E,
            "{0} < {1}",
            "a < b",
            "1 where smaller, else 0",
            "小于为 1，否则为 0",
            "operator",
        ),
        _row(
            "less_equal",
            2,
            _E,
            r"{0} \le {1}",
            "a <= b",
            "1 where not greater, else 0",
            "不大于为 1，否则为 0",
            "operator",
        ),
        _row(
            "greater",
            2,
            _E,
            "{0} > {1}",
            "a > b",
            "1 where greater, else 0",
            "大于为 1，否则为 0",
            "operator",
        ),
        _row(
            "greater_equal",
            2,
            _E,
            r"{0} \ge {1}",
            "a >= b",
            "1 where not smaller, else 0",
            "不小于为 1，否则为 0",
            "operator",
        ),
        # unit by unit
        _row(
            "sigmoid",
            1,
            _E,
            r"\sigma\left({0}\right)",
            "sigmoid(a)",
            "1 / (1 + exp(-a)), from 0 to 1: gates",
            "1 / (1 + exp(-a))，取值 0 到 1：门",
            "elementwise",
            4,
        ),
        _row(
            "tanh",
            1,
            _E,
            r"\tanh\left({0}\right)",
            "tanh(a)",
            "hyperbolic tangent, from -1 to 1",
            "双曲正切，取值 -1 到 1",
            "elementwise",
            6,
        ),
        _row(
            "relu",
            1,
            _E,
            r"\operatorname{{relu}}\left({0}\right)",
            "relu(a)",
            "the positive part",
            "正部",
            "elementwise",
        ),
        _row(
            "softplus",
            1,
            _E,
            r"\zeta\left({0}\right)",
            "softplus(a)",
            "log(1 + exp(a)), always positive",
            "log(1 + exp(a))，恒为正",
            "elementwise",
            4,
        ),
        _row(
            "exp",
            1,
            _E,
            r"\exp\left({0}\right)",
            "exp(a)",
            "exponential",
            "指数函数",
            "elementwise",
            4,
        ),
        _row(
            "log",
            1,
            _E,
            r"\log\left({0}\right)",
            "log(a)",
            "natural logarithm",
            "自然对数",
            "elementwise",
            4,
        ),
        _row(
            "abs", 1, _E, r"\left|{0}\right|", "abs(a)", "absolute value", "绝对值", "elementwise"
        ),
        _row("sqrt", 1, _E, r"\sqrt{{{0}}}", "sqrt(a)", "square root", "平方根", "elementwise", 2),
        _row(
            "minimum",
            2,
            _E,
            r"\min\left({0}, {1}\right)",
            "minimum(a, b)",
            "the smaller, unit by unit",
            "逐元素取较小者",
            "elementwise",
        ),
        _row(
            "maximum",
            2,
            _E,
            r"\max\left({0}, {1}\right)",
            "maximum(a, b)",
            "the larger, unit by unit",
            "逐元素取较大者",
            "elementwise",
        ),
        _row(
            "where",
            3,
            _E,
            r"\begin{{cases}}{1} & {0}\\{2} & \text{{otherwise}}\end{{cases}}",
            "where(condition, a, b)",
            "a where the condition is not 0, else b",
            "条件不为 0 处取 a，否则取 b",
            "elementwise",
        ),
        _row(
            "spike",
            1,
            _E,
            r"\mathbf{{1}}\left[{0} \ge 0\right]",
            "spike(u)",
            "1 where u ≥ 0, else 0, with a surrogate gradient",
            "u ≥ 0 处为 1，否则为 0，梯度用替代函数",
            "elementwise",
        ),
        # over a vector or a domain
        _row(
            "softmax",
            (1, 2),
            shapes.same_vector,
            r"\operatorname{{softmax}}{over}\left({0}\right)",
            "softmax(o[t])",
            "positive, summing to 1, over the units or over an index: softmax(e[t, s], s)",
            "为正且和为 1；可对元素，也可对下标：softmax(e[t, s], s)",
            "vector",
            6,
            True,
        ),
        _row(
            "sum",
            (1, 2),
            shapes.reduced,
            r"\sum{over} {0}",
            "sum(L)",
            "over all steps: sum(L); over an index: sum(a[t, s] * h[s], s); over the units: sum(h[t])",
            "对所有步：sum(L)；对下标：sum(a[t, s] * h[s], s)；对元素：sum(h[t])",
            "vector",
            1,
            True,
        ),
        _row(
            "mean",
            (1, 2),
            shapes.reduced,
            r"\operatorname{{mean}}{over}\left({0}\right)",
            "mean(L)",
            "like sum, divided by the number of terms",
            "与 sum 相同，再除以项数",
            "vector",
            1,
            True,
        ),
        _row(
            "norm",
            1,
            shapes.scalar,
            r"\left\lVert {0} \right\rVert",
            "norm(h[t])",
            "Euclidean length",
            "欧几里得范数",
            "vector",
            2,
        ),
        _row(
            "cosine",
            2,
            shapes.cosine,
            r"\cos\left({0}, {1}\right)",
            "cosine(k[t], M[t-1])",
            "cosine of the angle of a key with each row of a matrix, or with a vector",
            "键与矩阵每一行（或与一个向量）的夹角余弦",
            "vector",
            6,
        ),
        _row(
            "concat",
            (2, 8),
            shapes.concatenated,
            r"\left[{items}\right]",
            "concat(a, b)",
            "one vector after the other",
            "向量首尾相接",
            "vector",
            0,
        ),
        _row(
            "outer",
            2,
            shapes.outer,
            r"{0} {1}^{{\top}}",
            "outer(a, b)",
            "matrix of all products a_i b_j",
            "所有乘积 a_i b_j 构成的矩阵",
            "vector",
        ),
        _row(
            "transpose",
            1,
            shapes.transposed,
            r"{0}^{{\top}}",
            "transpose(W)",
            "rows and columns exchanged",
            "行列互换",
            "vector",
            0,
        ),
        _row(
            "bilinear",
            3,
            shapes.bilinear,
            r"{1}^{{\top}} {0} {2}",
            "bilinear(T, a, b)",
            "the vector of a T_k b, one slice T_k a unit",
            "向量 a T_k b，每个元素对应一个切片 T_k",
            "vector",
            2,
        ),
        _row(
            "circular_convolve",
            2,
            shapes.convolved,
            r"{0} \circledast {1}",
            "circular_convolve(w, s)",
            "shift w around a circle by the distribution s over shifts 0, 1, …",
            "按移位分布 s（移 0、1、……位）在环上移动 w",
            "vector",
            2,
        ),
        _row(
            "sharpen",
            2,
            shapes.sharpened,
            r"\operatorname{{sharpen}}_{{{1}}}\left({0}\right)",
            "sharpen(w, γ)",
            "w to the power γ, made to sum to 1",
            "w 的 γ 次方，再归一化为和 1",
            "vector",
            10,
        ),
        _row(
            "argmax",
            1,
            shapes.same_vector,
            r"\operatorname{{arg\,max}}\left({0}\right)",
            "argmax(p[t])",
            "one-hot vector of the largest unit",
            "最大元素的 one-hot 向量",
            "vector",
        ),
        # random
        _row(
            "sample",
            1,
            shapes.same_vector,
            r"\operatorname{{sample}}\left({0}\right)",
            "sample(p[t])",
            "one-hot vector drawn from the probabilities p",
            "按概率 p 抽取的 one-hot 向量",
            "random",
            4,
        ),
        _row(
            "bernoulli",
            1,
            _E,
            r"\operatorname{{Bernoulli}}\left({0}\right)",
            "bernoulli(q[t])",
            "1 with probability q, else 0",
            "以概率 q 取 1，否则取 0",
            "random",
            2,
        ),
        _row(
            "normal",
            2,
            _E,
            r"\mathcal{{N}}\left({0}, {{{1}}}^2\right)",
            "normal(μ, σ)",
            "drawn from a normal distribution of mean μ and standard deviation σ",
            "从均值 μ、标准差 σ 的正态分布抽取",
            "random",
            4,
        ),
        # feedback
        _row(
            "force",
            2,
            shapes.same,
            r"\operatorname{{force}}\left({0}, {1}\right)",
            "force(target, prediction)",
            "teacher forcing: the target with the run's probability `forcing`, else the prediction",
            "导师驱动（教师强制）：以运行的概率 forcing 取目标，否则取预测",
            "feedback",
        ),
        # losses
        _row(
            "cross_entropy",
            2,
            shapes.paired_vectors,
            r"-\log \operatorname{{softmax}}\left({0}\right)_{{{1}}}",
            "cross_entropy(o[t], y[t])",
            "negative log-probability of the target under softmax(o), in nats",
            "目标在 softmax(o) 下的负对数概率，单位为奈特",
            "loss",
            8,
        ),
        _row(
            "squared_error",
            2,
            shapes.paired_scalar,
            r"\left\lVert {0} - {1} \right\rVert^2",
            "squared_error(a, b)",
            "sum of the squared differences",
            "差的平方和",
            "loss",
            3,
        ),
        # trees
        _row(
            "leaf",
            1,
            shapes.scalar,
            r"{0} \text{{ is a leaf}}",
            "leaf(n)",
            "1 at a leaf of a tree, else 0",
            "在树的叶上为 1，否则为 0",
            "tree",
        ),
    )
}

# Forms that stand alone at the right of an equation, with the usage that an error shows.
FORMS: dict[str, str] = {
    "parameter": "W = parameter(spectral_radius=0.9, density=0.1, trained=False)",
    "slider": "α = slider(0.9, 0, 1)",
    "onehot": "y: onehot(27)",
    "input": "x: input(4)",
    "stop": "stop(e[t] > 0.5)",
}

# Names with a meaning of their own inside brackets.
RESERVED = ("end", "root", "left", "right")

CALLABLE: tuple[str, ...] = tuple(
    name for name, row in FUNCTIONS.items() if row.family != "operator"
)
