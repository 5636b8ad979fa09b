"""The catalogue as the service answers it: each answer is made once, when it is first asked for."""

from __future__ import annotations

from typing import Any

import orjson

from unrolled.catalogue import Architecture, Catalogue, Symbol, render
from unrolled.graph import describe, trees_given
from unrolled.language import Recurrence, parse
from unrolled.source import module_source


class Library:
    """A catalogue and the bytes of its answers."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self._answers: dict[str, bytes] = {}

    def listing(self) -> bytes:
        """The body of `GET /v1/architectures`."""
        return self._answers.get("") or self._keep(
            "", {"architectures": [summary(one) for one in self.catalogue.entries]}
        )

    def detail(self, architecture: Architecture) -> bytes:
        """The body of `GET /v1/architectures/{id}`."""
        known = self._answers.get(architecture.id)
        return known or self._keep(architecture.id, detail(architecture))

    def module(self, architecture: Architecture) -> bytes:
        """The body of `GET /v1/architectures/{id}/module.py`."""
        key = f"{architecture.id}/module.py"
        known = self._answers.get(key)
        if known is None:
            recurrence = parse(architecture.equations, sizes=architecture.defaults.sizes)
            known = self._answers.setdefault(key, source_of(architecture, recurrence).encode())
        return known

    def _keep(self, key: str, document: dict[str, Any]) -> bytes:
        return self._answers.setdefault(key, orjson.dumps(document))


def source_of(architecture: Architecture, recurrence: Recurrence) -> str:
    """An architecture as a file of PyTorch."""
    entry = architecture.entry
    origin = f"Deep Learning (Goodfellow, Bengio & Courville 2016), section {entry.section}."
    title = entry.titles["en"]
    if architecture.text.name:
        title += f": {architecture.titles['en']}"
    return module_source(
        recurrence, name=architecture.id, title=title, origin=f"{origin} {entry.papers['en']}"
    )


def summary(architecture: Architecture) -> dict[str, Any]:
    """A line of the catalogue."""
    recurrence = parse(architecture.equations, sizes=architecture.defaults.sizes)
    return {
        "id": architecture.id,
        "titles": architecture.titles,
        "section": architecture.entry.section,
        "figure": architecture.entry.figure,
        "equations": architecture.equations,
        "variables": list(recurrence.variables),
        "variants": variants(architecture),
    }


def detail(architecture: Architecture) -> dict[str, Any]:
    """An architecture with all that is derived from its text."""
    entry, defaults = architecture.entry, architecture.defaults
    recurrence = parse(architecture.equations, sizes=defaults.sizes)
    described = describe(
        recurrence,
        lengths=default_lengths(architecture),
        forcing=defaults.forcing,
        held=defaults.held,
        trees=trees_given(recurrence, defaults.inputs),
    )
    for setting in described["settings"]:
        setting["value"] = defaults.settings.get(setting["name"], setting["value"])
    symbols = {
        node["id"]: Symbol(node["latex"], "parameter" if node["kind"] == "parameter" else "node")
        for node in described["graph"]["nodes"]
    }
    return {
        "id": architecture.id,
        "titles": entry.titles,
        "section": entry.section,
        "figure": entry.figure,
        "equation_numbers": entry.equation_numbers,
        "papers": entry.papers,
        "variants": variants(architecture),
        "prose": {language: render(text, symbols) for language, text in entry.prose.items()},
        "equations": architecture.equations,
        "recurrence": described,
        "defaults": {
            "inputs": defaults.inputs,
            "sizes": defaults.sizes,
            "lengths": defaults.lengths,
            "forcing": defaults.forcing,
            "seed": defaults.seed,
            "boundary": defaults.boundary,
            "settings": defaults.settings,
            "parameters": defaults.parameters_of(recurrence),
            "clamp": defaults.clamp,
        },
        "alphabet": architecture.alphabet,
        "legend": {name: one for name, one in entry.legend.items() if name in symbols},
    }


def default_lengths(architecture: Architecture) -> dict[str, int]:
    """Steps per domain of the run an architecture opens with, as far as inputs and lengths say."""
    recurrence = parse(architecture.equations, sizes=architecture.defaults.sizes)
    shapes = trees_given(recurrence, architecture.defaults.inputs)
    lengths = {domain: tree.leaves for domain, tree in shapes.items()}
    lengths |= architecture.defaults.lengths
    for name, value in architecture.defaults.inputs.items():
        for domain in recurrence.variables[name].domains:
            rows = value.get("text") if isinstance(value, dict) else value
            if not isinstance(rows, str | list):
                break
            lengths.setdefault(domain, len(rows))
            value = rows[0]
    return lengths


def variants(architecture: Architecture) -> list[dict[str, Any]]:
    return [{"id": name, "titles": titles} for name, titles in architecture.variants]
