"""An adjoint program in linear form: every cotangent a sum of other cotangents, each times one known factor.

Cotangents enter each other linearly, so chains of products can be multiplied together beforehand: the factors
are made of what the forward pass recorded, for all steps at once, and a step of the backward scan is left with
few operations. What a scan does not need any more leaves it; products with a matrix that one step sends to
the step before are taken where they arrive, so that they can be added up in one call.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from unrolled.graph.blocks import Blocks
from unrolled.graph.program import LEAVES, Instruction, Operand

GATE = "·"
"""How the names of values begin that only readers at other steps read."""

_LINEAR = ("total", "negative", "copy", "multiply")
_CHAIN = ("shift", "start", "end")


@dataclass(frozen=True, slots=True)
class Term:
    """A summand: a value, with a sign, times factors that no cotangent enters."""

    root: Operand
    sign: int = 1
    factors: tuple[Operand, ...] = ()


Form = tuple[Term, ...]


def linear(blocks: Blocks, cotangents: Collection[int], results: Iterable[int]) -> None:
    """Bring a program into linear form, in place; instructions that no result needs are dropped."""
    _Linear(blocks, cotangents, list(results)).rewrite()


class _Linear:
    def __init__(self, blocks: Blocks, cotangents: Collection[int], results: list[int]) -> None:
        self.blocks = blocks
        self.program = blocks.program
        self.instructions = blocks.program.instructions
        self.results = results
        self.readers = self._readers(self._reached())
        self.dependent = self._dependent(cotangents)
        self._forms: dict[int, Form] = {}
        self._gates: dict[int, Form] = {}
        self._same: dict[tuple[object, ...], int] = {}

    def rewrite(self) -> None:
        for identity in self._in_order():
            self._form(identity)
        done: set[int] = set()
        stack = list(self.results)
        while stack:
            identity = stack.pop()
            if identity in done:
                continue
            done.add(identity)
            if identity in self.dependent:
                self._define(identity)
            stack += [one.value for one in self.instructions[identity].operands]
        for identity in set(self.instructions) - done:
            del self.instructions[identity]
        kept = {name: one for name, one in self.program.variables.items() if one in done}
        self.program.variables.clear()
        self.program.variables.update(kept)

    # who reads what

    def _reached(self) -> set[int]:
        found: set[int] = set()
        stack = list(self.results)
        while stack:
            identity = stack.pop()
            if identity not in found:
                found.add(identity)
                stack += [one.value for one in self.instructions[identity].operands]
        return found

    def _readers(self, live: set[int]) -> dict[int, list[tuple[int, Operand]]]:
        readers: dict[int, list[tuple[int, Operand]]] = {}
        for identity in sorted(live):
            for operand in self.instructions[identity].operands:
                readers.setdefault(operand.value, []).append((identity, operand))
        return readers

    def _dependent(self, cotangents: Collection[int]) -> set[int]:
        """The cotangents and whatever is computed from them."""
        found: set[int] = set()
        stack = [one for one in cotangents if one in self.readers or one in self.results]
        while stack:
            identity = stack.pop()
            if identity not in found:
                found.add(identity)
                stack += [reader for reader, _ in self.readers.get(identity, ())]
        return found

    def _in_order(self) -> list[int]:
        """What depends on cotangents, each after what it reads at its own step: no form is far from known ones."""
        order: list[int] = []
        entered: set[int] = set()
        stack = [(one, False) for one in sorted(self.dependent)]
        while stack:
            identity, is_left = stack.pop()
            if is_left:
                order.append(identity)
            elif identity not in entered:
                entered.add(identity)
                stack.append((identity, True))
                stack += [
                    (one.value, False)
                    for one in self.instructions[identity].operands
                    if not one.positions and one.value in self.dependent
                ]
        return order

    # forms

    def _form(self, identity: int) -> Form:
        """What an instruction is, as a sum; of itself where it is not linear."""
        if identity not in self._forms:
            self._forms[identity] = self._merged(self._summands(self.instructions[identity]))
        return self._forms[identity]

    def _summands(self, own: Instruction) -> list[Term]:
        itself = [Term(Operand(own.identity))]
        match own.function:
            case "total":
                moved = {term.root for term in self._moved(own.identity)}
                pairs = zip(own.operands, own.signs, strict=True)
                left = [pair for pair in pairs if pair[0] not in moved]
                return [term for one, sign in left for term in self._read(own, one, sign)]
            case "copy" | "negative":
                return self._read(own, own.operands[0], -1 if own.function == "negative" else 1)
            case "multiply":
                carried = [one for one in own.operands if one.value in self.dependent]
                if len(carried) != 1 or not self._is_alike(own, carried[0]):
                    return itself
                factor = own.operands[0 if carried[0] is own.operands[1] else 1]
                return [
                    replace(term, factors=(*term.factors, factor))
                    for term in self._factored(own, carried[0])
                ]
            case _:
                return itself

    def _factored(self, own: Instruction, operand: Operand) -> list[Term]:
        """The summands of what is multiplied; as one where a product would be taken apart from its sum."""
        terms = self._read(own, operand, 1)
        if len(terms) > 1 and any(self._is_product(term.root) for term in terms):
            return [Term(operand)]
        return terms

    def _read(self, own: Instruction, operand: Operand, sign: int) -> list[Term]:
        """An operand as summands of its reader."""
        identity = operand.value
        if identity not in self.dependent:
            return [Term(operand, sign)]
        if operand.positions:
            return self._arriving(own, operand, sign)
        if not self._is_alike(own, operand) or not self._is_inlined(identity):
            return [Term(operand, sign)]
        return [replace(term, sign=term.sign * sign) for term in self._form(identity)]

    def _is_inlined(self, identity: int) -> bool:
        if self.instructions[identity].function not in _LINEAR:
            return False
        readers = self.readers.get(identity, ())
        is_alone = len(readers) == 1 and self.instructions[identity].variable is None
        return len(self._form(identity)) == 1 or is_alone

    def _is_alike(self, own: Instruction, operand: Operand) -> bool:
        """Whether an operand is read as it is: no position, no broadcasting."""
        producer = self.instructions[operand.value]
        return (
            not operand.positions
            and producer.shape == own.shape
            and producer.indices == own.indices
            and producer.is_shared == own.is_shared
        )

    def _merged(self, terms: list[Term]) -> Form:
        """Summands of one value together: its factors are added up beforehand."""
        groups: dict[object, list[Term]] = {}
        for number, term in enumerate(terms):
            is_carried = term.root.value in self.dependent
            groups.setdefault(term.root if is_carried else number, []).append(term)
        return tuple(
            group[0] if len(group) == 1 else Term(group[0].root, 1, (self._sum_of_factors(group),))
            for group in groups.values()
        )

    def _sum_of_factors(self, group: list[Term]) -> Operand:
        factors = [self._product(term.factors) for term in group]
        return self.blocks.sum_of(factors, [term.sign for term in group])

    def _product(self, factors: tuple[Operand, ...]) -> Operand:
        return self.blocks.times(*factors) if factors else self.blocks.number(1.0)

    # what arrives from other steps

    def _arriving(self, own: Instruction, operand: Operand, sign: int) -> list[Term]:
        """What a gate sends, at another step: its products with matrices are taken here."""
        moved = self._moved(operand.value)
        if not moved:
            return [Term(operand, sign)]
        is_whole = len(moved) == len(self.instructions[operand.value].operands)
        found = [] if is_whole else [Term(operand, sign)]
        for term in moved:
            product = self.instructions[term.root.value]
            matrix, vector = product.operands
            arrived = self.blocks.emit(
                "matmul", (matrix, Operand(self._held(vector.value), operand.positions)), product.shape, own.indices
            )  # fmt: skip
            self.dependent.add(arrived.value)
            found.append(Term(arrived, sign * term.sign))
        return found

    def _moved(self, gate: int) -> Form:
        """The summands of a gate that its readers compute themselves."""
        if gate not in self._gates:
            own = self.instructions[gate]
            pairs = zip(own.operands, own.signs, strict=True) if self._is_gate(gate) else ()
            self._gates[gate] = tuple(
                Term(one, sign) for one, sign in pairs if self._is_movable(own, one)
            )
        return self._gates[gate]

    def _is_gate(self, identity: int) -> bool:
        """Whether only sums read it, all at other steps of a chain."""
        own = self.instructions[identity]
        if not (own.variable or "").startswith(GATE) or len(own.indices) != 1:
            return False
        return identity not in self.results and all(
            self.instructions[reader].function == "total"
            and len(operand.positions) == 1
            and operand.positions[0].anchor in _CHAIN
            for reader, operand in self.readers[identity]
        )

    def _is_movable(self, gate: Instruction, operand: Operand) -> bool:
        """Whether a summand is the product of a known matrix with a vector of the same step."""
        if not self._is_product(operand):
            return False
        product = self.instructions[operand.value]
        matrix, vector = (self.instructions[one.value] for one in product.operands)
        return (
            matrix.identity not in self.dependent
            and matrix.is_shared
            and not matrix.indices
            and len(matrix.shape) == 2
            and len(vector.shape) == 1
            and not vector.is_shared
            and vector.identity in self.dependent
            and self.instructions[self._origin(vector.identity)].function not in LEAVES
            and not product.operands[1].positions
            and vector.indices == product.indices == gate.indices
        )

    def _is_product(self, root: Operand) -> bool:
        own = self.instructions[root.value]
        is_dependent = root.value in self.dependent and not root.positions
        return is_dependent and own.function == "matmul" and own.variable is None

    def _held(self, vector: int) -> int:
        """A value as one that can be read at other steps: one with a name."""
        found = self._origin(vector)
        own = self.instructions[found]
        if own.variable is None:
            name = f"{GATE}{found}"
            self.instructions[found] = replace(own, variable=name)
            self.program.variables[name] = found
        return found

    def _origin(self, identity: int) -> int:
        """What a value is another name for: a sum of one is its summand."""
        own = self.instructions[identity]
        while own.variable is None and own.function == "total" and own.signs == (1,):
            if not self._is_alike(own, own.operands[0]):
                break
            own = self.instructions[own.operands[0].value]
        return own.identity

    # what is left

    def _define(self, identity: int) -> None:
        """Write an instruction anew, from its form."""
        own = self.instructions[identity]
        form = self._form(identity)
        if own.function not in _LINEAR or form == (Term(Operand(identity)),):
            operands = tuple(self._operand(one) for one in own.operands)
            self.instructions[identity] = replace(own, operands=operands)
            return
        if len(form) == 1 and form[0].factors:
            root, sign = form[0].root, form[0].sign
            pair = (root, self._signed(self._product(form[0].factors), sign))
            made = replace(
                self.instructions[identity], function="multiply", operands=pair, signs=()
            )
        else:
            operands = tuple(self._summand(own, term) for term in form)
            signs = tuple(term.sign for term in form)
            made = replace(
                self.instructions[identity], function="total", operands=operands, signs=signs
            )
        self.instructions[identity] = made

    def _signed(self, factor: Operand, sign: int) -> Operand:
        if sign > 0:
            return factor
        return self.blocks.emit(
            "negative", (factor,), self.blocks.shape(factor), self.blocks.indices(factor)
        )

    def _summand(self, own: Instruction, term: Term) -> Operand:
        if not term.factors:
            return term.root
        pair = (term.root, self._product(term.factors))
        return self.blocks.emit("multiply", pair, own.shape, own.indices)

    def _operand(self, operand: Operand) -> Operand:
        """An operand of something that is not linear: the value that it is another name for."""
        if operand.value not in self.dependent or operand.positions:
            return operand
        origin = self._origin(operand.value)
        own = self.instructions[origin]
        if own.function not in _LINEAR or own.variable is not None:
            return Operand(origin)
        key = (self._forms[origin], own.shape, own.indices)
        return Operand(self._same.setdefault(key, origin))
