"""What `forward` gives back: every variable, its steps stacked."""

from __future__ import annotations

from unrolled.language import Recurrence, Variable

from .lines import Lines
from .names import ModuleNames


def give_back(lines: Lines, recurrence: Recurrence, names: ModuleNames) -> None:
    """A dictionary of all variables; long lines are filled one by one."""
    items: list[str] = []
    for name, variable in recurrence.variables.items():
        if variable.kind == "equation":
            own = names.local[name]
            code = own
            if variable.domains:
                indices = [names.local[index] for index in variable.indices]
                code = f"{own}[{', '.join(indices)}]"
                for index in reversed(variable.indices):
                    code = f"torch.stack([{code} for {names.local[index]} in {lines.expressions.range(index)}])"
            items.append(f'"{name}": {code}')
    if all(lines.fits(f"{one},", 1) for one in items):
        lines.bracketed("return {", items, "}")
        return
    lines.add("values: dict[str, Tensor] = {}")
    for item in items:
        name, code = item.split(": ", 1)
        if lines.fits(f"values[{name}] = {code}"):
            lines.add(f"values[{name}] = {code}")
        else:
            variable = recurrence.variables[name[1:-1]]
            _stacked(lines, name, variable, names)
    lines.add("return values")


def _stacked(lines: Lines, name: str, variable: Variable, names: ModuleNames) -> None:
    """Two indices, row by row."""
    own, indices = names.local[variable.name], list(variable.indices)
    rows = names.temporary.new_numbered("rows")
    locals_ = [names.local[index] for index in indices]
    lines.add(f"{rows} = []")
    depth = lines.depth
    for index, local in zip(indices[:-1], locals_[:-1], strict=True):
        lines.add(f"for {local} in {lines.expressions.range(index)}:")
        lines.depth += 1
    inner = (
        f"[{own}[{', '.join(locals_)}] for {locals_[-1]} in {lines.expressions.range(indices[-1])}]"
    )
    if lines.fits(f"{rows}.append(torch.stack({inner}))"):
        lines.add(f"{rows}.append(torch.stack({inner}))")
    else:
        lines.add(f"row = {inner}")
        lines.add(f"{rows}.append(torch.stack(row))")
    lines.depth = depth
    lines.add(f"values[{name}] = torch.stack({rows})")
