/** What the figure, the scrubber and the strips say, in both languages. */

import type { Language } from "../core/types.ts";

const en = {
  figure: "Computation graph",
  keys: "Arrow keys move between variables and steps, Enter selects, Escape releases, plus and minus zoom, 0 fits.",
  folded: "folded",
  unfolded: (steps: number) => `unfolded over ${steps} steps`,
  variables: (step: number) => `Variables at step ${step}`,
  parameters: "Parameters, each shared by all steps",
  fixed: "fixed",
  zoomIn: "Zoom in (+)",
  zoomOut: "Zoom out (−)",
  fit: "Fit (0)",
  legend: "Scales of values",
  values: "value",
  inputs: "input",
  gates: "gate",
  probabilities: "probability",
  losses: "loss",
  gradients: "gradient",
  differences: "difference",
  operations: "operation",
  nodeAt: (name: string, step: number, values: string) => `${name} at step ${step}: ${values}`,
  node: (name: string, values: string) => `${name}: ${values}`,
  parameter: (name: string, uses: number) =>
    `Parameter ${name}, on ${uses} edges, the same at every step`,
  edge: (source: string, target: string, parameter: string | null) =>
    parameter
      ? `Edge from ${source} to ${target} through ${parameter}`
      : `Edge from ${source} to ${target}`,
  released: "Nothing selected.",
  notArrived: "not computed yet",
  more: (count: number) => `and ${count} more`,
  timeline: "Time",
  stepOf: (step: number, length: number, symbol: string | null) =>
    symbol ? `Step ${step} of ${length}: ${symbol}` : `Step ${step} of ${length}`,
  overview: "Part of the run that the figure shows",
  strips: "Values over time, one strip for each variable",
  sort: "Units",
  sorts: { unit: "by number", mean: "by mean", likeness: "by likeness" },
  strip: (name: string, units: number) => `${name}, ${units} ${units === 1 ? "row" : "rows"}`,
};

export type FigureWords = typeof en;

const zh: FigureWords = {
  figure: "计算图",
  keys: "方向键在变量与时间步之间移动，回车选中，Esc 放开，加减号缩放，0 适合窗口。",
  folded: "已折叠",
  unfolded: (steps) => `已展开为 ${steps} 步`,
  variables: (step) => `第 ${step} 步的变量`,
  parameters: "参数，各时间步共享",
  fixed: "固定",
  zoomIn: "放大 (+)",
  zoomOut: "缩小 (−)",
  fit: "适合窗口 (0)",
  legend: "数值的色标",
  values: "数值",
  inputs: "输入",
  gates: "门",
  probabilities: "概率",
  losses: "损失",
  gradients: "梯度",
  differences: "差",
  operations: "运算",
  nodeAt: (name, step, values) => `第 ${step} 步的 ${name}：${values}`,
  node: (name, values) => `${name}：${values}`,
  parameter: (name, uses) => `参数 ${name}，位于 ${uses} 条边上，各步相同`,
  edge: (source, target, parameter) =>
    parameter ? `从 ${source} 经 ${parameter} 到 ${target} 的边` : `从 ${source} 到 ${target} 的边`,
  released: "未选中任何内容。",
  notArrived: "尚未计算",
  more: (count) => `及另外 ${count} 个`,
  timeline: "时间",
  stepOf: (step, length, symbol) =>
    symbol ? `第 ${step} 步，共 ${length} 步：${symbol}` : `第 ${step} 步，共 ${length} 步`,
  overview: "图中所示的部分",
  strips: "随时间变化的值，每个变量一条",
  sort: "单元排序",
  sorts: { unit: "按编号", mean: "按均值", likeness: "按相似度" },
  strip: (name, units) => `${name}，${units} 行`,
};

export const figureWords: Record<Language, FigureWords> = { en, zh };
