"""Text to statements: the grammar, through the standard library's `ast` and an allow-list.

The text is never executed. What comes out has names and brackets in place, but no meaning yet:
which name is an input, which an index, and what shape everything has is decided in `reading.py`.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from threading import Lock

from unrolled.language.characters import check_characters, syntax_error
from unrolled.language.diagnostics import Diagnostic, LanguageError, Span, shorten
from unrolled.language.functions import CALLABLE, FORMS, FUNCTIONS, RESERVED
from unrolled.language.statements import (
    MAX_CHARACTERS,
    MAX_DEPTH,
    MAX_LINES,
    MAX_NODES,
    MAX_RANK,
    MAX_REACH,
    MAX_SIZE,
    MAX_STATEMENTS,
    Assignment,
    ConstantForm,
    Declaration,
    Loop,
    ParameterForm,
    SliderForm,
    Statement,
    StopForm,
    fail,
    suggest,
)
from unrolled.language.terms import Position, Reference, Term

_ONE_AT_A_TIME = Lock()
"""CPython 3.11 counts how deep it is in a tree for all threads together: of two that build trees at once, with the
garbage collector's finalizers in between, one ends in a `SystemError` (python/cpython issue 106905)."""

_OPERATORS: Mapping[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
    ast.Pow: "power",
    ast.Mod: "modulo",
    ast.MatMult: "matmul",
}
_MEANT_OPERATORS: Mapping[type[ast.operator], tuple[str, str]] = {
    ast.BitXor: ("^", "{} ** {}"),
    ast.FloorDiv: ("//", "({0} - {0} % {1}) / {1}"),
    ast.BitAnd: ("&", "({}) * ({})"),
    ast.BitOr: ("|", "maximum({}, {})"),
    ast.LShift: ("<<", "{} * 2 ** {}"),
    ast.RShift: (">>", "{} / 2 ** {}"),
}
_MEANT_FUNCTIONS: Mapping[str, str] = {
    "σ": "sigmoid(…)", "sigm": "sigmoid(…)", "logistic": "sigmoid(…)", "expit": "sigmoid(…)",
    "ζ": "softplus(…)", "ln": "log(…)", "max": "maximum(a, b)", "min": "minimum(a, b)",
    "dot": "a @ b", "matmul": "W @ h[t-1]", "cat": "concat(a, b)",
    "avg": "mean(…)", "pow": "a ** b", "power": "a ** b", "square": "a ** 2",
}  # fmt: skip
_COMPARISONS: Mapping[type[ast.cmpop], str] = {
    ast.Eq: "equal",
    ast.NotEq: "not_equal",
    ast.Lt: "less",
    ast.LtE: "less_equal",
    ast.Gt: "greater",
    ast.GtE: "greater_equal",
}


def _before(line: str, end: int) -> int:
    """Where the operand that ends before a place begins: a name or number, with what is called or indexed."""
    at = len(line[:end].rstrip())
    while at > 0:
        if line[at - 1] in ")]":
            depth = 0
            while at > 0:
                at -= 1
                depth += (line[at] in ")]") - (line[at] in "([")
                if depth == 0:
                    break
        elif line[at - 1].isalnum() or line[at - 1] in "_.":
            while at > 0 and (line[at - 1].isalnum() or line[at - 1] in "_."):
                at -= 1
            return at
        else:
            return at
    return at


def _behind(line: str, start: int) -> int:
    """Where the operand that begins behind a place ends."""
    at = len(line) - len(line[start:].lstrip(" -"))
    while at < len(line) and (line[at].isalnum() or line[at] in "_."):
        at += 1
    while at < len(line) and line[at] in "([":
        depth = 0
        while at < len(line):
            depth += (line[at] in "([") - (line[at] in ")]")
            at += 1
            if depth == 0:
                break
    return at


def read(text: str) -> list[Statement]:
    """The statements of a text, in order.

    Raises `LanguageError` with what does not belong to the grammar: the first thing of every line.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    for have, limit, unit in (
        (len(text), MAX_CHARACTERS, ("characters", "个字符")),
        (len(lines), MAX_LINES, ("lines", "行")),
    ):
        if have > limit:
            raise fail("too-long", Span(1, 1, 1, 1), have=str(have), unit=unit, limit=str(limit))
    for number, line in enumerate(lines, 1):
        check_characters(number, line)
    try:
        with _ONE_AT_A_TIME:
            module = ast.parse(text)
    except SyntaxError as error:
        raise syntax_error(error, lines) from None
    except (RecursionError, MemoryError):
        raise fail("too-deep", Span(1, 1, 1, 1), limit=str(MAX_DEPTH)) from None
    except (ValueError, OverflowError):
        raise fail("syntax", Span(1, 1, 1, 1)) from None
    reader = _Reader(lines)
    reader.check_size(module)
    reader.block(module.body, ())
    if reader.faults:
        raise LanguageError(reader.faults)
    if not any(isinstance(one, Assignment) for one in reader.statements):
        raise fail("empty", Span(1, 1, 1, 1))
    return reader.statements


class _Reader:
    """Walks the parsed module once; every node that is not allowed is an error with its place."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self.statements: list[Statement] = []
        self.faults: list[Diagnostic] = []

    def span(self, node: ast.AST) -> Span:
        """The place of a node, columns counted in characters (`ast` counts bytes)."""
        line, end_line = getattr(node, "lineno", 1), getattr(node, "end_lineno", None) or 1
        return Span(
            line,
            self._column(line, getattr(node, "col_offset", 0)),
            end_line,
            self._column(end_line, getattr(node, "end_col_offset", None) or 0),
        )

    def _column(self, line: int, byte: int) -> int:
        source = self._lines[line - 1]
        if source.isascii():
            return byte + 1
        return len(source.encode("utf-8", "surrogatepass")[:byte].decode("utf-8", "ignore")) + 1

    def check_size(self, module: ast.Module) -> None:
        """Limits on the number and the depth of nodes, before anything walks recursively."""
        nodes = statements = 0
        stack: list[tuple[ast.AST, int]] = [(module, 0)]
        while stack:
            node, depth = stack.pop()
            nodes += 1
            statements += isinstance(node, ast.stmt)
            if depth > MAX_DEPTH:
                raise fail("too-deep", self.span(node), limit=str(MAX_DEPTH))
            stack.extend((child, depth + 1) for child in ast.iter_child_nodes(node))
        for have, limit, unit in (
            (statements, MAX_STATEMENTS, ("statements", "条语句")),
            (nodes, MAX_NODES * 3, ("parts", "个组成部分")),
        ):
            if have > limit:
                raise fail(
                    "too-long", Span(1, 1, 1, 1), have=str(have), unit=unit, limit=str(limit)
                )

    # statements

    def block(self, body: list[ast.stmt], loops: tuple[Loop, ...]) -> None:
        for statement in body:
            try:
                self._statement(statement, loops)
            except LanguageError as error:
                self.faults += error.diagnostics

    def _statement(self, node: ast.stmt, loops: tuple[Loop, ...]) -> None:
        match node:
            case ast.For():
                self._loop(node, loops)
            case ast.AnnAssign():
                self._declaration(node, loops)
            case ast.Assign(targets=[target], value=value):
                self._assignment(node, target, value, loops)
            case ast.Expr(value=ast.Call(func=ast.Name(id="stop")) as call):
                if not loops:
                    raise fail("stop-place", self.span(node))
                if len(call.args) != 1 or call.keywords:
                    raise self._count("stop", "1", len(call.args), FORMS["stop"], call)
                self.statements.append(StopForm(self.term(call.args[0]), loops, self.span(node)))
            case _:
                raise fail("statement", self.span(node))

    def _loop(self, node: ast.For, loops: tuple[Loop, ...]) -> None:
        if (
            not isinstance(node.target, ast.Name)
            or not isinstance(node.iter, ast.Name)
            or node.orelse
        ):
            raise fail("loop", self._head(node))
        index, domain = self.name(node.target), self.name(node.iter)
        if index == domain:
            raise fail("loop", self._head(node))
        if any(loop.index == index for loop in loops):
            raise fail("loop-nested-same", self.span(node.target), index=index)
        if len(loops) >= 2:
            raise fail("loop-depth", self._head(node))
        self.block(node.body, (*loops, Loop(index, domain, self._head(node))))

    def _head(self, node: ast.For) -> Span:
        span = self.span(node)
        return Span(span.line, span.column, span.line, len(self._lines[span.line - 1]) + 1)

    def _declaration(self, node: ast.AnnAssign, loops: tuple[Loop, ...]) -> None:
        span = self.span(node)
        if loops:
            raise fail("inside-loop", span)
        if not isinstance(node.target, ast.Name) or node.value is not None:
            raise fail("declaration", span)
        name = self.name(node.target)
        form, shape = "shape", node.annotation
        match shape:
            case ast.Call(func=ast.Name(id=("onehot" | "input") as called), args=args, keywords=[]):
                form = called
                if form == "onehot" and len(args) != 1:
                    raise fail("declaration", self.span(shape))
                sizes = args
            case ast.Tuple(elts=elements):
                sizes = elements
            case _:
                sizes = [shape]
        if len(sizes) > MAX_RANK:
            raise fail("declaration", self.span(shape))
        self.statements.append(
            Declaration(name, tuple(self._size(size) for size in sizes), form, span)
        )

    def _size(self, node: ast.expr) -> int:
        match node:
            case ast.Constant(value=int() as size) if not isinstance(size, bool):
                if 1 <= size <= MAX_SIZE:
                    return size
                raise fail(
                    "size-range",
                    self.span(node),
                    size=shorten(str(size)[:30], 20),
                    limit=str(MAX_SIZE),
                )
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() as size)):
                raise fail(
                    "size-range",
                    self.span(node),
                    size=shorten(f"-{str(size)[:30]}", 20),
                    limit=str(MAX_SIZE),
                )
            case _:
                raise fail("declaration", self.span(node))

    def _assignment(
        self, node: ast.stmt, target: ast.expr, value: ast.expr, loops: tuple[Loop, ...]
    ) -> None:
        span = self.span(node)
        match target:
            case ast.Name():
                name, positions = self.name(target), ()
            case ast.Subscript(value=ast.Name() as variable):
                name, positions = self.name(variable), self._positions(target)
            case _:
                raise fail("target-form", self.span(target), usage="h[t] = …")
        form = self._form(name, value, span)
        if form is None:
            self.statements.append(
                Assignment(name, positions, self.term(value), loops, span, self.span(target))
            )
        elif positions:
            raise fail("form-unnamed", span, name=name, usage=shorten(self._words(target)))
        elif loops:
            raise fail("inside-loop", span)
        else:
            self.statements.append(form)

    def _words(self, node: ast.expr) -> str:
        """The reader's own words; of a node on several lines those on the first."""
        span = self.span(node)
        line = self._lines[span.line - 1]
        return line[span.column - 1 : span.end_column - 1 if span.line == span.end_line else None]

    def _form(self, name: str, value: ast.expr, span: Span) -> Statement | None:
        match value:
            case ast.Call(func=ast.Name(id="parameter")):
                return self._parameter(name, value, span)
            case ast.Call(func=ast.Name(id="slider"), args=args, keywords=keywords):
                numbers = [number for arg in args if (number := self._number(arg)) is not None]
                if (
                    len(numbers) != 3
                    or len(args) != 3
                    or keywords
                    or not numbers[1] <= numbers[0] <= numbers[2]
                ):
                    raise fail("setting-form", self.span(value), name=name, usage=FORMS["slider"])
                return SliderForm(name, (numbers[0], numbers[1], numbers[2]), span)
            case ast.List(elts=elements):
                return ConstantForm(name, self._constant(elements, value), span)
            case _:
                return None

    def _parameter(self, name: str, call: ast.Call, span: Span) -> ParameterForm:
        usage = FORMS["parameter"]
        constant = self._number(call.args[0]) if len(call.args) == 1 else None
        if len(call.args) > 1 or (call.args and constant is None):
            raise fail("setting-form", self.span(call), name=name, usage=usage)
        numbers: dict[str, float] = {}
        trained = True
        for word in call.keywords:
            number = self._number(word.value)
            if (
                word.arg == "trained"
                and isinstance(word.value, ast.Constant)
                and isinstance(word.value.value, bool)
            ):
                trained = word.value.value
            elif word.arg in ("spectral_radius", "density") and number is not None and number >= 0:
                numbers[word.arg] = number
            else:
                raise fail("argument-named", self.span(word), name="parameter", usage=usage)
        if numbers.get("density", 1.0) > 1:
            raise fail("setting-form", self.span(call), name=name, usage=usage)
        return ParameterForm(
            name, constant, numbers.get("spectral_radius"), numbers.get("density"), trained, span
        )

    def _number(self, node: ast.expr) -> float | None:
        match node:
            case ast.Constant(value=(int() | float()) as value) if not isinstance(value, bool):
                return float(value)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                value = self._number(operand)
                return None if value is None else -value
            case _:
                return None

    def _constant(
        self, elements: list[ast.expr], node: ast.expr
    ) -> tuple[float, ...] | tuple[tuple[float, ...], ...]:
        def row(items: list[ast.expr]) -> tuple[float, ...]:
            numbers = tuple(number for item in items if (number := self._number(item)) is not None)
            if not numbers or len(numbers) != len(items):
                raise fail("constant-form", self.span(node))
            return numbers

        if elements and all(isinstance(element, ast.List) for element in elements):
            rows = tuple(row(element.elts) for element in elements if isinstance(element, ast.List))
            if len({len(one) for one in rows}) != 1:
                raise fail("constant-form", self.span(node))
            return rows
        return row(elements)

    # names and indices

    def name(self, node: ast.Name) -> str:
        """A name that the reader gives to a thing of their own."""
        name = node.id
        if name in FUNCTIONS and FUNCTIONS[name].family != "operator":
            raise fail("function-as-name", self.span(node), name=name, usage=FUNCTIONS[name].usage)
        if name in FORMS:
            raise fail("function-as-name", self.span(node), name=name, usage=FORMS[name])
        if name in RESERVED:
            raise fail("reserved", self.span(node), name=name)
        return name

    def _positions(self, node: ast.Subscript) -> tuple[Position, ...]:
        index = node.slice
        elements = index.elts if isinstance(index, ast.Tuple) else [index]
        if not 1 <= len(elements) <= 2:
            raise fail("index-form", self.span(index))
        return tuple(self._position(element) for element in elements)

    def _position(self, node: ast.expr) -> Position:
        match node:
            case ast.Constant(value=int() as step) if not isinstance(step, bool):
                return self._fixed(node, step)
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() as step)):
                return self._fixed(node, -step)
            case ast.Name(id="end"):
                return Position("end", "", "")
            case ast.Name(id="root"):
                return Position("root", "", "")
            case ast.Name():
                return Position("shift", self.name(node), "")
            case ast.Call(
                func=ast.Name(id=("left" | "right") as side),
                args=[ast.Name() as child],
                keywords=[],
            ):
                return Position("left" if side == "left" else "right", self.name(child), "")
            case ast.BinOp(
                left=ast.Name() as base,
                op=ast.Add() | ast.Sub() as sign,
                right=ast.Constant(value=int() as step),
            ):
                offset = step if isinstance(sign, ast.Add) else -step
                if isinstance(step, bool):
                    raise fail("index-form", self.span(node))
                if base.id == "end":
                    return self._near(node, Position("end", "", "", offset), offset)
                return self._near(node, Position("shift", self.name(base), "", offset), step)
            case _:
                raise fail("index-form", self.span(node))

    def _fixed(self, node: ast.expr, step: int) -> Position:
        return self._near(node, Position("start", "", "", step), 1 - step)

    def _near(self, node: ast.expr, position: Position, reach: int) -> Position:
        """The position, if it reaches no further than a run holds values outside its steps."""
        if reach > MAX_REACH or abs(position.offset) > MAX_SIZE:
            words = shorten(str(position)[:40], 20)
            raise fail("index-range", self.span(node), position=words, limit=str(MAX_REACH))
        return position

    # expressions

    def term(self, node: ast.expr) -> Term:
        """An expression as a tree of vocabulary rows; what has no row is an error."""
        span = self.span(node)
        match node:
            case ast.Constant(value=(int() | float()) as value) if not isinstance(value, bool):
                return Term("number", (), span, value=float(value))
            case ast.Name():
                return Term("reference", (), span, reference=Reference(self.name(node)))
            case ast.Subscript(value=ast.Name() as variable):
                return Term(
                    "reference",
                    (),
                    span,
                    reference=Reference(self.name(variable), self._positions(node)),
                )
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                inner = self.term(operand)
                if inner.function == "number" and inner.value is not None:
                    return Term("number", (), span, value=-inner.value)
                return Term("negative", (inner,), span)
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.term(operand)
            case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _OPERATORS:
                return Term(_OPERATORS[type(operator)], (self.term(left), self.term(right)), span)
            case ast.BinOp(left=left, op=operator, right=right):
                raise self._operator(left, operator, right, span)
            case ast.Compare(left=left, ops=[operator], comparators=[right]) if (
                type(operator) in _COMPARISONS
            ):
                return Term(_COMPARISONS[type(operator)], (self.term(left), self.term(right)), span)
            case ast.Compare(ops=[_, _, *_]):
                raise fail("chained-comparison", span)
            case ast.Call(func=ast.Name()):
                return self._call(node, span)
            case _:
                raise fail("expression", span)

    def _call(self, node: ast.Call, span: Span) -> Term:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        row = FUNCTIONS.get(name)
        if name in FORMS:
            raise fail("form-place", span, name=name, usage=FORMS[name])
        if row is None or row.family == "operator":
            raise fail(
                "function",
                self.span(node.func),
                name=shorten(name, 30),
                suggestion=self._function_meant(name, node),
            )
        if node.keywords:
            usage = f"{name}(e[t, s], s)" if row.over else row.usage
            raise fail("argument-named", self.span(node.keywords[0]), name=name, usage=usage)
        low, high = row.arguments
        if not low <= len(node.args) <= high:
            raise self._count(
                name, str(low) if low == high else f"{low}-{high}", len(node.args), row.usage, node
            )
        over: tuple[str, ...] = ()
        arguments = node.args
        if row.over and len(arguments) == 2:
            last = arguments[1]
            if not isinstance(last, ast.Name):
                raise fail(
                    "reduction-index", self.span(last), name=name, usage=f"{name}(a[t, s], s)"
                )
            over, arguments = (self.name(last),), arguments[:1]
        return Term(name, tuple(self.term(argument) for argument in arguments), span, over=over)

    def _operator(
        self, left: ast.expr, operator: ast.operator, right: ast.expr, span: Span
    ) -> LanguageError:
        """An operator of Python that this language does not have, with what is written for it."""
        sign, instead = _MEANT_OPERATORS[type(operator)]
        one, two = (shorten(self._words(side), 20) for side in (left, right))
        line = self._lines[span.line - 1]
        at = line.find("^", span.column - 1)
        if sign == "^" and at >= 0:
            # Python's sign takes everything to its sides; a power, what is next to it
            start, end = _before(line, at), _behind(line, at + 1)
            one, two = line[start:at].strip(), line[at + 1 : end].strip()
            span = Span(span.line, start + 1, span.line, end + 1)
        usage = instead.format(one, two)
        return fail(
            "operator", span, sign=sign, suggestion=(f"Write `{usage}`.", f"请写 `{usage}`。")
        )

    def _function_meant(self, name: str, node: ast.Call) -> tuple[str, str]:
        """What to write where a name that is no function is called."""
        if name in _MEANT_FUNCTIONS:
            usage = _MEANT_FUNCTIONS[name]
            return (f"Write `{usage}`.", f"请写 `{usage}`。")
        every = shorten(", ".join(CALLABLE), 200)
        known = (f"Functions are {every}.", f"可用的函数：{every}。")
        is_matrix = name.partition("_")[0].isupper()
        match node.args:
            case [ast.Name() | ast.BinOp(left=ast.Name(), right=ast.Constant()) as step] if (
                not is_matrix
            ):
                usage = f"{name}[{shorten(self._words(step), 20)}]"
                known = (
                    f"A step stands in square brackets: `{usage}`.",
                    f"步写在方括号里：`{usage}`。",
                )
            case _:
                pass
        if is_matrix:
            inner = ", ".join(self._words(one) for one in node.args)
            usage = f"{name} @ ({shorten(inner, 20)})"
            known = (
                f"For a product write the operator: `{usage}`.",
                f"相乘请写出运算符：`{usage}`。",
            )
        return suggest(name, list(CALLABLE), known)

    def _count(
        self, name: str, expected: str, have: int, usage: str, node: ast.AST
    ) -> LanguageError:
        return fail(
            "argument-count",
            self.span(node),
            name=name,
            expected=expected,
            have=str(have),
            usage=usage,
        )
