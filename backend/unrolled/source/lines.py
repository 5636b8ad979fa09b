"""Statements that fit on a line: what is too long is taken apart into lines of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from unrolled.language import Term

from .expressions import Expressions
from .values import Value, numeric

WIDTH: Final = 88
Widen = Callable[[Value], Value]
_OPERATORS: Final = (
    "add",
    "subtract",
    "multiply",
    "divide",
    "modulo",
    "negative",
    "power",
    "matmul",
)


class Lines:
    """Lines of code with their indentation."""

    def __init__(self, expressions: Expressions, depth: int) -> None:
        self.expressions = expressions
        self.depth = depth
        self.lines: list[str] = []

    def add(self, text: str = "") -> None:
        self.lines.append("    " * self.depth + text if text else "")

    def fits(self, text: str, extra: int = 0) -> bool:
        return 4 * (self.depth + extra) + len(text) <= WIDTH

    def bracketed(self, head: str, items: list[str], tail: str, *, is_call: bool = False) -> None:
        """`head(a, b)tail` on one line, on three, or one item a line."""
        whole = f"{head}{', '.join(items)}{tail}"
        if self.fits(whole):
            self.add(whole)
            return
        self.add(head)
        self.depth += 1
        if is_call and self.fits(", ".join(items)):
            self.add(", ".join(items))
        else:
            for item in items:
                self.add(item if item.startswith("**") else f"{item},")
        self.depth -= 1
        self.add(tail)

    def assign(self, target: str, term: Term, widen: Widen | None = None) -> None:
        """`target = term`; a choice by the step becomes `if` and `else`."""
        expressions = self.expressions
        if term.function == "where" and id(term) not in expressions.hoisted:
            test = expressions.condition(expressions.write(term.operands[0]))
            yes, no = (numeric(expressions.write(one)) for one in term.operands[1:])
            is_alike = widen is not None or (yes.kind, yes.rank) == (no.kind, no.rank)
            if is_alike and test.kind == "number" and self.fits(f"if {test.code}:"):
                for head, branch in ((f"if {test.code}:", 1), ("else:", 2)):
                    self.add(head)
                    self.depth += 1
                    self.assign(target, term.operands[branch], widen)
                    self.depth -= 1
                return
        while True:
            value = numeric(expressions.write(term))
            value = widen(value) if widen else value
            if "zero" in value.code:
                expressions.used.add("zero")
            if "batch" in value.code:
                expressions.used.add("batch")
            if self.put(target, value.code):
                return
            chosen = self._hoistable(term)
            if chosen is None:
                break
            self._hoist(chosen)
        self._last_resort(target, term, widen)

    def put(self, target: str, code: str) -> bool:
        """`target = code` on one line, or with the inside of its one call on a line; False if neither fits."""
        line = f"{target} = {code}"
        if self.fits(line):
            self.add(line)
            return True
        head = _call_head(code)
        body, sweep, steps = code.rpartition(" for ")
        if head == "sum(" and body.count("(") > body.count(")") and not self.fits(code[4:-1], 1):
            lines = (body.removeprefix(head), f"for {steps.removesuffix(')')}")
            if " for " not in body and sweep and all(self.fits(one, 1) for one in lines):
                self.add(f"{target} = {head}")
                self.depth += 1
                for one in lines:
                    self.add(one)
                self.depth -= 1
                self.add(")")
                return True
        if head and self.fits(code[len(head) : -1], 1):
            self.add(f"{target} = {head}")
            self.depth += 1
            self.add(code[len(head) : -1])
            self.depth -= 1
            self.add(")")
            return True
        return False

    def _hoistable(self, term: Term) -> Term | None:
        """The part of a term that is best given a line of its own: a long call that fits, a long look-up if need be."""
        found: list[tuple[tuple[bool, bool, bool, int], Term]] = []
        for part in self._parts(term):
            if part.function in ("number", "index", "leaf"):
                continue
            value = self.expressions.write(part)
            if part.reference is not None and ".get(" not in value.code:
                continue
            if (
                id(part) in self.expressions.hoisted
                or len(value.code) < 14
                or value.kind == "number"
            ):
                continue
            is_fitting = self.fits(f"inner_10 = {value.code}")
            is_call = part.function not in _OPERATORS
            rank = (part.reference is None, is_fitting, is_call, len(value.code))
            found.append((rank, part))
        return max(found, key=lambda one: one[0])[1] if found else None

    def _parts(self, term: Term) -> Iterator[Term]:
        """The terms inside a term that have a value of their own there: not those under a sweep."""
        if term.over or id(term) in self.expressions.hoisted:
            return
        for operand in term.operands:
            yield operand
            yield from self._parts(operand)

    def _hoist(self, term: Term) -> None:
        name = self.expressions.names.temporary.new_numbered("inner")
        self.assign(name, term)
        own = self.expressions.write(term)
        self.expressions.hoisted[id(term)] = replace(own, code=name, level=6, is_bool=False)

    def _last_resort(self, target: str, term: Term, widen: Widen | None) -> None:
        """A sweep whose inside is long is gathered in a list; anything else stays long."""
        if not term.over or id(term) in self.expressions.hoisted:
            value = numeric(self.expressions.write(term))
            self.add(f"{target} = {(widen(value) if widen else value).code}")
            return
        expressions = self.expressions
        names = expressions.names
        gathered, one = names.temporary.new_numbered("terms"), names.temporary.new_numbered("term")
        self.add(f"{gathered} = []")
        depth, outer = self.depth, dict(names.local)
        for index in term.over:
            if index in expressions.running:
                names.local[index] = names.temporary.new_numbered(names.local[index])
            expressions.running.append(index)
            self.add(f"for {names.local[index]} in {expressions.range(index)}:")
            self.depth += 1
        body = term.operands[0]
        before = dict(expressions.hoisted)
        self.assign(one, body)
        inside = numeric(expressions.write(body))
        self.add(f"{gathered}.append({one})")
        expressions.hoisted = before
        del expressions.running[-len(term.over) :]
        self.depth = depth
        names.local.update(outer)
        if term.function == "softmax":
            place = f"[{names.local[term.over[0]]} - 1]"
            code = f"torch.softmax(torch.stack({gathered}), dim=0){place}"
            value = Value(code, kind=inside.kind, rank=inside.rank)
        else:
            total = Value(f"sum({gathered})", kind=inside.kind, rank=inside.rank)
            value = expressions.averaged(term, total)
        expressions.hoisted[id(term)] = value
        self.assign(target, term, widen)


def _call_head(code: str) -> str | None:
    """`torch.tanh(` of `torch.tanh(…)`; None where the code is not one call."""
    head, bracket, _ = code.partition("(")
    if not bracket or not head.replace(".", "").replace("_", "a").isalnum() or code[-1] != ")":
        return None
    depth = 0
    for place, letter in enumerate(code):
        depth += (letter == "(") - (letter == ")")
        if not depth and letter == ")" and place < len(code) - 1:
            return None
    return head + bracket
