/**
 * The functions of the language, for the rule book: how to write each, and what it is.
 * Written by `npm run functions` from the vocabulary table of the language; not to be edited.
 */
import type { Dictionary } from "./en.ts";

interface Row {
  usage: string;
  en: string;
  zh: string;
}

interface Group {
  family: keyof Dictionary["rules"]["families"];
  rows: Row[];
}

export const FUNCTIONS: readonly Group[] = [
  {
    family: "elementwise",
    rows: [
      {
        usage: "sigmoid(a)",
        en: "1 / (1 + exp(-a)), from 0 to 1: gates",
        zh: "1 / (1 + exp(-a))，取值 0 到 1：门"
      },
      {
        usage: "tanh(a)",
        en: "hyperbolic tangent, from -1 to 1",
        zh: "双曲正切，取值 -1 到 1"
      },
      {
        usage: "relu(a)",
        en: "the positive part",
        zh: "正部"
      },
      {
        usage: "softplus(a)",
        en: "log(1 + exp(a)), always positive",
        zh: "log(1 + exp(a))，恒为正"
      },
      {
        usage: "exp(a)",
        en: "exponential",
        zh: "指数函数"
      },
      {
        usage: "log(a)",
        en: "natural logarithm",
        zh: "自然对数"
      },
      {
        usage: "abs(a)",
        en: "absolute value",
        zh: "绝对值"
      },
      {
        usage: "sqrt(a)",
        en: "square root",
        zh: "平方根"
      },
      {
        usage: "minimum(a, b)",
        en: "the smaller, unit by unit",
        zh: "逐元素取较小者"
      },
      {
        usage: "maximum(a, b)",
        en: "the larger, unit by unit",
        zh: "逐元素取较大者"
      },
      {
        usage: "where(condition, a, b)",
        en: "a where the condition is not 0, else b",
        zh: "条件不为 0 处取 a，否则取 b"
      },
      {
        usage: "spike(u)",
        en: "1 where u ≥ 0, else 0, with a surrogate gradient",
        zh: "u ≥ 0 处为 1，否则为 0，梯度用替代函数"
      }
    ]
  },
  {
    family: "vector",
    rows: [
      {
        usage: "softmax(o[t])",
        en: "positive, summing to 1, over the units or over an index: softmax(e[t, s], s)",
        zh: "为正且和为 1；可对元素，也可对下标：softmax(e[t, s], s)"
      },
      {
        usage: "sum(L)",
        en: "over all steps: sum(L); over an index: sum(a[t, s] * h[s], s); over the units: sum(h[t])",
        zh: "对所有步：sum(L)；对下标：sum(a[t, s] * h[s], s)；对元素：sum(h[t])"
      },
      {
        usage: "mean(L)",
        en: "like sum, divided by the number of terms",
        zh: "与 sum 相同，再除以项数"
      },
      {
        usage: "norm(h[t])",
        en: "Euclidean length",
        zh: "欧几里得范数"
      },
      {
        usage: "cosine(k[t], M[t-1])",
        en: "cosine of the angle of a key with each row of a matrix, or with a vector",
        zh: "键与矩阵每一行（或与一个向量）的夹角余弦"
      },
      {
        usage: "concat(a, b)",
        en: "one vector after the other",
        zh: "向量首尾相接"
      },
      {
        usage: "outer(a, b)",
        en: "matrix of all products a_i b_j",
        zh: "所有乘积 a_i b_j 构成的矩阵"
      },
      {
        usage: "transpose(W)",
        en: "rows and columns exchanged",
        zh: "行列互换"
      },
      {
        usage: "bilinear(T, a, b)",
        en: "the vector of a T_k b, one slice T_k a unit",
        zh: "向量 a T_k b，每个元素对应一个切片 T_k"
      },
      {
        usage: "circular_convolve(w, s)",
        en: "shift w around a circle by the distribution s over shifts 0, 1, …",
        zh: "按移位分布 s（移 0、1、……位）在环上移动 w"
      },
      {
        usage: "sharpen(w, γ)",
        en: "w to the power γ, made to sum to 1",
        zh: "w 的 γ 次方，再归一化为和 1"
      },
      {
        usage: "argmax(p[t])",
        en: "one-hot vector of the largest unit",
        zh: "最大元素的 one-hot 向量"
      }
    ]
  },
  {
    family: "random",
    rows: [
      {
        usage: "sample(p[t])",
        en: "one-hot vector drawn from the probabilities p",
        zh: "按概率 p 抽取的 one-hot 向量"
      },
      {
        usage: "bernoulli(q[t])",
        en: "1 with probability q, else 0",
        zh: "以概率 q 取 1，否则取 0"
      },
      {
        usage: "normal(μ, σ)",
        en: "drawn from a normal distribution of mean μ and standard deviation σ",
        zh: "从均值 μ、标准差 σ 的正态分布抽取"
      }
    ]
  },
  {
    family: "feedback",
    rows: [
      {
        usage: "force(target, prediction)",
        en: "teacher forcing: the target with the run's probability `forcing`, else the prediction",
        zh: "导师驱动（教师强制）：以运行的概率 forcing 取目标，否则取预测"
      }
    ]
  },
  {
    family: "loss",
    rows: [
      {
        usage: "cross_entropy(o[t], y[t])",
        en: "negative log-probability of the target under softmax(o), in nats",
        zh: "目标在 softmax(o) 下的负对数概率，单位为奈特"
      },
      {
        usage: "squared_error(a, b)",
        en: "sum of the squared differences",
        zh: "差的平方和"
      }
    ]
  },
  {
    family: "tree",
    rows: [
      {
        usage: "leaf(n)",
        en: "1 at a leaf of a tree, else 0",
        zh: "在树的叶上为 1，否则为 0"
      }
    ]
  }
];
