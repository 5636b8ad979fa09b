"""Names of a text as names of Python: the book's own wherever Python and torch leave them free."""

from __future__ import annotations

import builtins
import keyword
import re

from unrolled.language import Recurrence

_TAKEN = frozenset(
    [
        *dir(builtins),
        *keyword.kwlist,
        *keyword.softkwlist,
        "torch",
        "Tensor",
        "nn",
        "self",
        "math",
        "l",
        "O",
        "I",
    ]
)
# What every module has already; a test holds it against torch.
MODULE_NAMES = frozenset(
    [
        "T_destination",
        "add_module",
        "apply",
        "bfloat16",
        "buffers",
        "call_super_init",
        "children",
        "compile",
        "cpu",
        "cuda",
        "double",
        "dump_patches",
        "eval",
        "extra_repr",
        "float",
        "forward",
        "get_buffer",
        "get_extra_state",
        "get_parameter",
        "get_submodule",
        "half",
        "ipu",
        "load_state_dict",
        "modules",
        "mtia",
        "named_buffers",
        "named_children",
        "named_modules",
        "named_parameters",
        "parameters",
        "register_backward_hook",
        "register_buffer",
        "register_forward_hook",
        "register_forward_pre_hook",
        "register_full_backward_hook",
        "register_full_backward_pre_hook",
        "register_load_state_dict_post_hook",
        "register_load_state_dict_pre_hook",
        "register_module",
        "register_parameter",
        "register_state_dict_post_hook",
        "register_state_dict_pre_hook",
        "requires_grad_",
        "set_extra_state",
        "set_submodule",
        "share_memory",
        "state_dict",
        "to",
        "to_empty",
        "train",
        "training",
        "type",
        "xpu",
        "zero_grad",
    ]
)


class Names:
    """Gives every name once; a second one gets an underscore."""

    def __init__(self, taken: frozenset[str]) -> None:
        self._taken = set(taken)

    def new(self, name: str) -> str:
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        return name

    def new_numbered(self, name: str) -> str:
        """`inner`, then `inner_2`, …"""
        number, found = 1, name
        while found in self._taken:
            number += 1
            found = f"{name}_{number}"
        self._taken.add(found)
        return found


class ModuleNames:
    """What everything of a recurrence is called in its module.

    `local`: inputs, variables, indices, lengths, sliders inside `forward`; `own`: parameters, constants and
    sizes, as attributes of the module.
    """

    def __init__(self, recurrence: Recurrence) -> None:
        own = Names(MODULE_NAMES)
        self.own = {name: own.new(name) for name in (*recurrence.parameters, *recurrence.constants)}
        self.attributes = own
        local = Names(
            _TAKEN | {"batch", "forcing", "generator", "tree", "left", "right", "leaves"} | HELPERS
        )
        self.local = {
            name: local.new(name)
            for name in (*recurrence.variables, *recurrence.settings, *recurrence.index_domains)
        }
        self.length = {
            name: local.new("nodes" if domain.kind == "tree" else name)
            for name, domain in recurrence.domains.items()
        }
        self.steps = {
            name: local.new(f"{self.local[name]}_at")
            for name, one in recurrence.variables.items()
            if one.kind == "input" and one.domains
        }
        self.temporary = local


HELPERS = frozenset(
    [
        "functional", "sample", "bernoulli", "normal", "force", "spike", "Spike", "argmax", "circular_convolve",
        "sharpen", "with_spectral_radius", "main", "model", "values",
    ]
)  # fmt: skip


def class_name(title: str) -> str:
    """`lstm/book` and `Long short-term memory` as names of classes."""
    words = re.findall(r"[^\W_]+", title)
    name = "".join(word[0].upper() + word[1:] for word in words)
    if not name.isidentifier() or name in _TAKEN:
        name = f"Recurrence{name}" if f"Recurrence{name}".isidentifier() else "Recurrence"
    return name
