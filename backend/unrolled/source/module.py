"""The whole file: imports, helpers, the class with its docstring, and a demonstration."""

from __future__ import annotations

import textwrap
from math import prod

from unrolled.language import Parameter, Recurrence, Term

from .forward import Forward
from .helpers import HELPERS
from .lines import Lines
from .names import ModuleNames, class_name
from .sizes import Sizes

_SIZE = "_size"


def module_source(
    recurrence: Recurrence,
    *,
    name: str = "Recurrence",
    title: str | None = None,
    origin: str | None = None,
) -> str:
    """A stand-alone file of PyTorch with one `nn.Module` that computes a recurrence.

    `name` becomes the class's name; `title` and `origin` (section, paper) stand in its docstring. Values
    are shaped (steps, batch, size). Raises `LanguageError` where the equations have no order.
    """
    return _Module(recurrence, class_name(name), title or name, origin).text()


class _Module:
    def __init__(self, recurrence: Recurrence, name: str, title: str, origin: str | None) -> None:
        self.recurrence = recurrence
        self.name = name
        self.title = title
        self.origin = origin
        self.names = ModuleNames(recurrence)
        self.sizes = Sizes(recurrence)
        self.forward = Forward(recurrence, self.names, self.sizes, _SIZE)

    def text(self) -> str:
        body = self.forward.body()
        used = self.forward.expressions.used
        start = self._start()
        helpers = [text for key, text in HELPERS.items() if key in used]
        is_functional = "functional" in used
        parts = [
            f'"""{self.title}: made by unrolled from its recurrence. Needs torch only."""\n',
            "\nfrom __future__ import annotations\n\nimport torch\nfrom torch import Tensor, nn\n",
            "from torch.nn import functional\n" if is_functional else "",
            *(f"\n\n{one}" for one in helpers),
            f"\n\nclass {self.name}(nn.Module):\n",
            self._docstring(),
            "\n",
            *(f"{line}\n" for line in start),
            "\n",
            *(f"{line}\n" for line in self._sizes_said()),
            *(f"{line}\n" for line in self._signature()),
            *(f"{line}\n" for line in self._forward_docstring()),
            *(f"{line}\n" for line in body),
            "\n\n" + self._demonstration(),
        ]
        return "".join(parts)

    def _docstring(self) -> str:
        lines = [f'"""{_said(self.title)}.', ""]
        if self.origin:
            lines += [*textwrap.wrap(_said(self.origin), 78), ""]
        lines.append("Equations::")
        lines.append("")
        text = self.recurrence.text.strip("\n").expandtabs(4).split("\n")
        lines += [f"    {line.rstrip()}" if line.strip() else "" for line in text]
        lines.append('"""')
        return "".join(f"    {line}\n" if line else "\n" for line in lines)

    # __init__

    def _start(self) -> list[str]:
        lines = Lines(self.forward.expressions, 1)
        for name in self.recurrence.constants:
            lines.add(f"{self.names.own[name]}: Tensor")
        if self.recurrence.constants:
            lines.add()
        items = ["self", *(f"{name}: int = {size}" for name, size in self.sizes.free.items())]
        lines.bracketed("def __init__(", items, ") -> None:", is_call=True)
        lines.depth = 2
        lines.add("super().__init__()")
        for name in self.sizes.free:
            lines.add(f"self.{name}{_SIZE} = {name}")
        biases = _biases(self.recurrence)
        for name, parameter in self.recurrence.parameters.items():
            value = self._initial(parameter, name in biases)
            tail = "" if parameter.trained else ", requires_grad=False"
            own = f"self.{self.names.own[name]}"
            if lines.fits(f"{own} = nn.Parameter({value}{tail})"):
                lines.add(f"{own} = nn.Parameter({value}{tail})")
            else:
                start = self.names.temporary.new_numbered("start")
                lines.put(start, value)
                lines.add(f"{own} = nn.Parameter({start}{tail})")
        for name, constant in self.recurrence.constants.items():
            own = self.names.own[name]
            rows = [
                f"[{', '.join(map(_number, row))}]" if isinstance(row, tuple) else _number(row)
                for row in constant.rows
            ]
            line = f'self.register_buffer("{own}", torch.tensor([{", ".join(rows)}]))'
            if lines.fits(line):
                lines.add(line)
            else:
                local = self.names.temporary.new(own)
                lines.bracketed(f"{local} = [", rows, "]")
                lines.add(f'self.register_buffer("{own}", torch.tensor({local}))')
        return lines.lines

    def _initial(self, parameter: Parameter, is_bias: bool) -> str:
        start = parameter.initial
        sizes = self.sizes.words(parameter.name)
        whole = ", ".join(sizes)
        if start.constant is not None:
            comma = "," if len(sizes) == 1 else ""
            return f"torch.full(({whole}{comma}), {start.constant!r})"
        is_plain = start.spectral_radius is None and start.density is None
        if is_plain and not parameter.shape:
            return "torch.ones(())"
        if is_plain and is_bias:
            return f"torch.zeros({whole})"
        inner = sizes[1:] if len(sizes) > 1 else sizes
        divisor = " * ".join(one if " " not in one else f"({one})" for one in inner)
        if (len(inner) == 1 and divisor.isidentifier()) or divisor.isdigit():
            root = f"{divisor}**0.5"
        else:
            root = f"({divisor.strip('()')}) ** 0.5" if len(inner) == 1 else f"({divisor}) ** 0.5"
        code = (
            f"torch.randn({whole}) / {root}" if prod(parameter.shape) else f"torch.randn({whole})"
        )
        if start.density is not None:
            code = f"{code} * (torch.rand({whole}) < {start.density!r})"
        is_square = len(parameter.shape) == 2 and parameter.shape[0] == parameter.shape[1]
        if start.spectral_radius is not None and is_square:
            self.forward.expressions.used.add("with_spectral_radius")
            code = f"with_spectral_radius({code}, {start.spectral_radius!r})"
        return code

    def _sizes_said(self) -> list[str]:
        """What `print(module)` shows between the brackets; modules without sizes need none."""
        if not self.sizes.free:
            return []
        lines = Lines(self.forward.expressions, 1)
        lines.add("def extra_repr(self) -> str:")
        lines.depth = 2
        pieces = [f"{name}={{self.{name}{_SIZE}}}" for name in self.sizes.free]
        whole = f'return f"{", ".join(pieces)}"'
        if lines.fits(whole):
            lines.add(whole)
        else:
            lines.add("return (")
            lines.depth += 1
            line, *rest = pieces
            for piece in rest:
                if lines.fits(f'f"{line}, {piece}, "'):
                    line = f"{line}, {piece}"
                else:
                    lines.add(f'f"{line}, "')
                    line = piece
            lines.add(f'f"{line}"')
            lines.depth -= 1
            lines.add(")")
        return [*lines.lines, ""]

    # forward

    def _signature(self) -> list[str]:
        lines = Lines(self.forward.expressions, 1)
        keywords = [text for text, _ in self.forward.keywords]
        items = ["self", *self.forward.arguments, *(["*", *keywords] if keywords else [])]
        lines.bracketed("def forward(", items, ") -> dict[str, Tensor]:", is_call=True)
        return lines.lines

    def _forward_docstring(self) -> list[str]:
        said = ['"""All variables at every step, as (steps, batch, size)."""']
        notes = [
            f"{self.names.local[one.name]}: ({', '.join(self._shape(one.name))})"
            for one in self.forward.inputs
        ]
        for pairs in self.forward.pairs.values():
            notes.append(
                f"{pairs}: left and right child of every inner node, children first, the root last;"
            )
            notes.append("    leaves are 1, 2, …, inner nodes follow")
        notes += [f"{text.split(':')[0]}: {what}" for text, what in self.forward.keywords]
        if notes:
            said[0] = said[0][:-3]
            said += ["", *notes, '"""']
        return [f"        {line}" if line else "" for line in said]

    def _shape(self, name: str) -> list[str]:
        variable = self.recurrence.variables[name]
        steps = [
            "leaves or nodes"
            if self.recurrence.domains[one].kind == "tree"
            else self.names.length[one]
            for one in variable.domains
        ]
        return [*steps, "batch", *self.sizes.words(name)]

    # the demonstration

    def _demonstration(self) -> str:
        lines = Lines(self.forward.expressions, 1)
        lines.add("torch.manual_seed(0)")
        lines.add(f"model = {self.name}()")
        arguments: list[str] = []
        for variable in self.forward.inputs:
            own = self.names.local[variable.name]
            steps = ", ".join([*(str(6 - place) for place, _ in enumerate(variable.domains)), "1"])
            if variable.one_hot or (variable.is_target and len(variable.shape) == 1):
                size = variable.shape[0]
                comma = "," if not variable.domains else ""
                lines.add(f"{own} = torch.eye({size})[torch.randint({size}, ({steps}{comma}))]")
            else:
                whole = ", ".join([steps, *map(str, variable.shape)])
                lines.add(f"{own} = torch.randn({whole})")
            arguments.append(own)
        for _ in self.forward.pairs:
            pairs = "[(1, 2), (7, 3), (8, 4), (9, 5), (10, 6)]"
            lines.add(f"tree_ = {pairs}")
            arguments.append("tree_")
        lines.add(f"values = model({', '.join(arguments)})")
        lines.add("for name, value in values.items():")
        lines.add("    print(name, tuple(value.shape))")
        return 'if __name__ == "__main__":\n' + "".join(f"{line}\n" for line in lines.lines)


def _biases(recurrence: Recurrence) -> set[str]:
    """Parameters that only ever stand as a summand."""
    summands: set[str] = set()
    others: set[str] = set()

    def visit(term: Term) -> None:
        for operand in term.operands:
            if operand.reference is not None:
                (summands if term.function in ("add", "subtract") else others).add(
                    operand.reference.name
                )
            visit(operand)

    for equation in (*recurrence.equations, *recurrence.boundaries):
        if equation.term.reference is not None:
            summands.add(equation.term.reference.name)
        visit(equation.term)
    return summands - others


def _said(text: str) -> str:
    """Words that may stand in a docstring."""
    return text.replace("\\", "/").replace('"""', "”").rstrip(".")


def _number(value: float) -> str:
    return repr(float(value))
