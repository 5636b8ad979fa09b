"""Steps of an observed variable that are `null`: not observed."""

from __future__ import annotations

from typing import Any, Final

_DEEPEST: Final = 8


def has_null(form: Any, depth: int = 0) -> bool:
    """Whether a null stands anywhere in nested lists."""
    if depth > _DEEPEST or not isinstance(form, list | tuple):
        return False
    return any(one is None or has_null(one, depth + 1) for one in form)


def without_nulls(form: Any, like: Any = 0) -> Any:
    """Nested lists with zeros in the place of every null, as many as stand beside it (or in `like`)."""
    if form is None:
        return _zeros(like)
    if not has_null(form):
        return form
    beside = [one for one in form if one is not None]
    whole = next((one for one in beside if not has_null(one)), beside[0] if beside else None)
    if whole is None:
        whole = like[0] if isinstance(like, list | tuple) and like else 0
    return [without_nulls(one, whole) for one in form]


def where_given(form: Any, domains: int) -> Any:
    """Per step 1, or 0 where a null stands."""
    if domains == 0 or not isinstance(form, list | tuple):
        return float(form is not None)
    return [where_given(one, domains - 1) for one in form]


def _zeros(like: Any) -> Any:
    return [_zeros(one) for one in like] if isinstance(like, list | tuple) else 0
