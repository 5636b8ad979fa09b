"""Files that must not be taken for weights: by kind, how one is made, and why it is hostile.

The reasons are found without the code that is tested: by the library `safetensors`, by torch, by Python's own JSON
reader, or by the language's parser.
"""

from __future__ import annotations

import gzip
import io
import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from random import Random
from typing import Any

import safetensors
import safetensors.torch
import torch

from unrolled.language import LanguageError, parse

MOST_TENSORS = 1_000
SIZES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}
FLOATS = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
MARKER = "Zq7marker"
"""Stands in what must not be repeated."""


@dataclass(frozen=True)
class Kind:
    """`make` one; `is_hostile` says why, from outside; `codes`: what the refusal may say."""

    make: Callable[[Random], bytes]
    is_hostile: Callable[[bytes], bool]
    codes: frozenset[str]


def good(rng: Random) -> dict[str, Any]:
    """The header of a good file of two to five tensors."""
    header: dict[str, Any] = {}
    at = 0
    for name in rng.sample(["W", "U_f", "b", "α", "权", "W_xh", "V", "c2"], rng.randint(2, 5)):
        dtype = rng.choice(list(SIZES))
        shape = [rng.randint(1, 5) for _ in range(rng.randint(1, 3))]
        end = at + prod(shape) * SIZES[dtype]
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, end]}
        at = end
    return header


def span(header: dict[str, Any]) -> int:
    """Bytes that a header speaks of."""
    return max(one["data_offsets"][1] for name, one in header.items() if name != "__metadata__")


def packed(header: Any, data: bytes | int | None = None) -> bytes:
    """A file: `data` are its bytes, or how many zeros; default: as many as the header says."""
    text = header if isinstance(header, bytes) else json.dumps(header, ensure_ascii=False).encode()
    size = data if data is not None else span(header_of(struct.pack("<Q", len(text)) + text))
    return struct.pack("<Q", len(text)) + text + (bytes(size) if isinstance(size, int) else size)


def header_of(content: bytes) -> Any:
    (length,) = struct.unpack("<Q", content[:8])
    return json.loads(content[8 : 8 + length])


def tensors_of(content: bytes) -> list[tuple[str, Any]]:
    return [(k, v) for k, v in header_of(content).items() if k != "__metadata__"]


def refused_by_library(content: bytes) -> bool:
    try:
        safetensors.deserialize(content)
    except safetensors.SafetensorError:
        return True
    return False


def changed(change: Callable[[Random, dict[str, Any]], Any]) -> Callable[[Random], bytes]:
    """A good file with one thing of its header changed, and the data it had."""

    def make(rng: Random) -> bytes:
        header = good(rng)
        size = span(header)
        return packed(change(rng, header) or header, size)

    return make


def in_one(change: Callable[[Random, dict[str, Any]], None]) -> Callable[[Random], bytes]:
    """A good file with one of its tensors changed."""

    def make(rng: Random, header: dict[str, Any]) -> None:
        change(rng, header[rng.choice(list(header))])

    return changed(make)


def renamed(rng: Random, name: str) -> bytes:
    header = good(rng)
    old = rng.choice(list(header))
    return packed({name if key == old else key: value for key, value in header.items()})


def is_no_parameter(name: str) -> bool:
    """Whether no text can have a parameter of this name, asked of the language's parser."""
    return not any(
        is_read(f"h: 1\nfor t in time:\n    h[t] = {name} {sign} h[t-1]\n", name) for sign in "+@"
    )


def is_read(text: str, name: str) -> bool:
    try:
        return name in parse(text).parameters
    except LanguageError:
        return False


def has_bad_name(content: bytes) -> bool:
    return any(is_no_parameter(name) for name, _ in tensors_of(content))


def has_no_number(content: bytes) -> bool:
    loaded = safetensors.torch.load(content)
    return not all(bool(one.isfinite().all()) for one in loaded.values())


def filled(values: list[float]) -> Callable[[Random], bytes]:
    """Files in which one number is one of these."""

    def make(rng: Random) -> bytes:
        made: dict[str, torch.Tensor] = {}
        for name in ("W", "b", "U")[: rng.randint(1, 3)]:
            made[name] = torch.ones(rng.randint(1, 40_000), dtype=rng.choice(list(FLOATS.values())))
        one = made[rng.choice(list(made))]
        one[rng.randrange(len(one))] = rng.choice(values)
        return safetensors.torch.save(made)

    return make


def moved(rng: Random, header: dict[str, Any], by: int) -> None:
    """Move all tensors behind one by so many bytes."""
    names = list(header)
    for name in names[rng.randint(1, len(names) - 1) :]:
        header[name]["data_offsets"] = [one + by for one in header[name]["data_offsets"]]


def late(rng: Random, header: dict[str, Any]) -> None:
    """Leave bytes out before the first tensor."""
    by = rng.choice([2, 8, 4096])
    for one in header.values():
        one["data_offsets"] = [place + by for place in one["data_offsets"]]


def are_apart(content: bytes) -> bool:
    """Whether tensors overlap or leave bytes out."""
    spans = sorted(one["data_offsets"] for _, one in tensors_of(content))
    return any(begin != end for (begin, _), (_, end) in zip(spans[1:], spans[:-1], strict=True))


def overflowing(rng: Random, header: dict[str, Any]) -> None:
    """A shape whose bytes are, modulo 2⁶⁴, what the offsets say."""
    one = header[list(header)[-1]]
    begin = one["data_offsets"][0]
    factors = rng.choice([[2**32, 2**32], [2**63, 2], [2**61, 2, 4], [2**16] * 4])
    one["shape"] = factors
    one["data_offsets"] = [begin, begin]


def is_overflowing(content: bytes) -> bool:
    return any(
        prod(one["shape"]) >= 2**64
        and prod(one["shape"]) % 2**64 * SIZES[one["dtype"]] == end - begin
        for _, one in tensors_of(content)
        for begin, end in [one["data_offsets"]]
    )


def many(rng: Random) -> bytes:
    count = MOST_TENSORS + rng.choice([1, 2, 100, 900])
    return packed(
        {
            f"w{i}": {"dtype": "F16", "shape": [], "data_offsets": [2 * i, 2 * i + 2]}
            for i in range(count)
        }
    )


def twice(rng: Random) -> bytes:
    header = good(rng)
    name = rng.choice(list(header))
    text = json.dumps(header, ensure_ascii=False)
    inner = json.dumps(header[name])
    doubled = rng.choice(
        [
            text[:-1] + f", {json.dumps(name, ensure_ascii=False)}: {inner}}}",
            text.replace(inner, inner[:-1] + ', "dtype": "F32"}', 1),
            text.replace(inner, inner[:-1] + ', "shape": [1]}', 1),
        ]
    )
    return packed(doubled.encode(), span(header))


def has_twice(content: bytes) -> bool:
    (length,) = struct.unpack("<Q", content[:8])
    found: list[bool] = []

    def look(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found.append(len(dict(pairs)) < len(pairs))
        return dict(pairs)

    json.loads(content[8 : 8 + length], object_pairs_hook=look)
    return any(found)


def nested(rng: Random) -> bytes:
    depth = rng.choice([300, 2_000, 30_000, 90_000])
    opened, closed = rng.choice([("[", "]"), ('{"W":', "}")])
    whole = opened * depth + (closed * depth if opened == "[" else "1" + closed * depth)
    return packed(f'{{"W": {whole}}}'.encode(), 0)


def archive(rng: Random) -> bytes:
    """A file of another kind: pickled by torch, compressed, numpy's, or of text."""
    tensor = torch.ones(rng.randint(1, 50))
    pickled = io.BytesIO()
    torch.save({"W": tensor}, pickled)
    whole = safetensors.torch.save({"W": tensor})
    return rng.choice(
        [pickled.getvalue(), gzip.compress(whole), b"\x93NUMPY\x01\x00" + bytes(80), b"<html>" * 9]
    )


def put(field: str, *choices: Any) -> Callable[[Random], bytes]:
    """One tensor's field set to one of these."""
    return in_one(lambda rng, one: one.update({field: rng.choice(choices)}))


def has_bad(field: str, is_good: Callable[[Any], bool]) -> Callable[[bytes], bool]:
    return lambda content: any(not is_good(one[field]) for _, one in tensors_of(content))


def are_indices(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(type(one) is int for one in value)
        and 0 <= value[0] <= value[1]
    )


def is_shape(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) <= 8
        and all(type(one) is int and one > 0 for one in value)
    )


def cut(rng: Random) -> bytes:
    content = packed(good(rng))
    return (
        content[: len(content) - rng.randint(1, 20)]
        if rng.random() < 0.5
        else content[: rng.randint(8, 60)]
    )


def longer(rng: Random) -> bytes:
    return packed(good(rng)) + rng.choice([b"\0", b"\0" * 8, b"PK\x03\x04", bytes(100_000)])


def misled(rng: Random) -> bytes:
    """A header whose length is not what the first bytes say."""
    content = packed(good(rng))
    (length,) = struct.unpack("<Q", content[:8])
    return struct.pack("<Q", length - rng.randint(1, length - 3)) + content[8:]


def outward(rng: Random, header: dict[str, Any]) -> None:
    last = header[list(header)[-1]]
    more = rng.choice([1, 10, 10**6, 10**12])
    last["shape"] = [*last["shape"], 1 + more]
    begin = last["data_offsets"][0]
    last["data_offsets"] = [begin, begin + prod(last["shape"]) * SIZES[last["dtype"]]]


def is_outside(content: bytes) -> bool:
    (length,) = struct.unpack("<Q", content[:8])
    return span(header_of(content)) > len(content) - 8 - length


def wrong_metadata(rng: Random, header: dict[str, Any]) -> dict[str, Any]:
    wrong = rng.choice([5, [1], "text", {"a": 1}, {"a": {"b": "c"}}, {"a": None}])
    return {"__metadata__": wrong, **header}


def other_start(rng: Random) -> bytes:
    header = good(rng)
    text = json.dumps(header, ensure_ascii=False)
    wrong = [
        f" {text}".encode(),
        f"\ufeff{text}".encode(),
        text.encode("utf-16"),
        f"[{text}]".encode(),
        b"17 ",
        b'"W"',
    ]
    return packed(rng.choice(wrong), span(header))


def no_json(rng: Random) -> bytes:
    header = good(rng)
    text = json.dumps(header, ensure_ascii=False).encode()
    at = rng.randrange(2, len(text) - 1)
    wrong = [
        text[:at],
        text[:at] + b"\xff" + text[at:],
        text + b"}",
        text[:-1] + b', "W2": NaN}',
        b"{'W': 1}",
    ]
    return packed(rng.choice(wrong), span(header))


KINDS: dict[str, Kind] = {
    "nothing, or the beginning of a length": Kind(
        lambda rng: bytes(rng.randint(0, 7)), lambda content: len(content) < 8, frozenset({"weights-length"})
    ),
    "a header longer than any file": Kind(
        lambda rng: struct.pack("<Q", rng.choice([2**64 - 1, 2**63, 2**40, 10**7])) + bytes(rng.randint(0, 99)),
        refused_by_library,
        frozenset({"weights-start"}),
    ),
    "a header without room for braces": Kind(
        lambda rng: struct.pack("<Q", rng.choice([0, 1])) + b"{}" + bytes(rng.randint(0, 99)),
        refused_by_library,
        frozenset({"weights-start"}),
    ),
    "a header that is longer or shorter than it says": Kind(misled, refused_by_library, frozenset({"weights-json"})),
    "no JSON": Kind(no_json, refused_by_library, frozenset({"weights-json"})),
    "no object at the first byte": Kind(
        other_start, lambda content: content[8:9] != b"{", frozenset({"weights-header"})
    ),
    "deep JSON": Kind(nested, refused_by_library, frozenset({"weights-depth", "weights-json"})),
    "a key twice": Kind(twice, has_twice, frozenset({"weights-duplicate"})),
    "metadata that are no texts": Kind(changed(wrong_metadata), refused_by_library, frozenset({"weights-metadata"})),
    "thousands of tensors": Kind(
        many, lambda content: len(tensors_of(content)) > MOST_TENSORS, frozenset({"weights-count"})
    ),
    "a name that is too long": Kind(
        lambda rng: renamed(rng, MARKER * rng.choice([8, 9, 100])), has_bad_name, frozenset({"weights-name"})
    ),
    "a name of no language": Kind(
        lambda rng: renamed(
            rng,
            rng.choice(
                ["", "../../Zq7marker", "Zq7marker.weight", "Zq7 marker", "7Zq7marker", "Zq7marker\0", "for", "ﬁ", "W\u200b", "😀", "<script>Zq7marker</script>"]
            ),
        ),
        has_bad_name,
        frozenset({"weights-name"}),
    ),
    "fields that are missing, too many or none": Kind(
        changed(
            lambda rng, header: header.update(
                {
                    rng.choice(list(header)): rng.choice(
                        [{}, [], None, 1, "F32", {"dtype": "F32", "shape": [1]}, {**header[next(iter(header))], MARKER: 1}]
                    )
                }
            )
        ),
        lambda content: any(
            not isinstance(one, dict) or set(one) != {"dtype", "shape", "data_offsets"}
            for _, one in tensors_of(content)
        ),
        frozenset({"weights-fields"}),
    ),
    "an unknown dtype": Kind(
        put("dtype", "F31", "f32", "float32", "", MARKER, None, 4, ["F32"], {}), refused_by_library, frozenset({"weights-dtype"})
    ),
    "a dtype without floating point, or too coarse": Kind(
        put("dtype", "I64", "I32", "I16", "I8", "U8", "BOOL", "F8_E4M3", "F8_E5M2", "U64", "C64"),
        has_bad("dtype", lambda value: value in FLOATS),
        frozenset({"weights-dtype"}),
    ),
    "a shape of no array": Kind(
        put("shape", [0], [-1], [2, -2], [1.0], ["1"], [[1]], [True], None, {}, 4, [1] * 9, [1] * 500, [10**30]),
        has_bad("shape", lambda value: is_shape(value) and max(value) < 2**64),
        frozenset({"weights-shape"}),
    ),
    "offsets of no place": Kind(
        put("data_offsets", [-4, 4], [0], [0, 4, 8], ["0", "4"], [0.0, 4.0], [False, True], None, {}, 4, [0, 10**30]),
        has_bad("data_offsets", lambda value: are_indices(value) and max(value) < 2**64),
        frozenset({"weights-offsets"}),
    ),
    "offsets the wrong way round": Kind(
        in_one(lambda rng, one: one.update(data_offsets=one["data_offsets"][::-1])),
        has_bad("data_offsets", are_indices),
        frozenset({"weights-offsets"}),
    ),
    "a shape that takes other bytes": Kind(
        in_one(lambda rng, one: one.update(shape=[*one["shape"], rng.choice([2, 3, 1000])])),
        refused_by_library,
        frozenset({"weights-size"}),
    ),
    "a shape beyond 64 bits": Kind(changed(overflowing), is_overflowing, frozenset({"weights-size"})),
    "holes": Kind(
        changed(lambda rng, header: moved(rng, header, rng.choice([2, 8, 4096]))), are_apart, frozenset({"weights-gap"})
    ),
    "overlaps": Kind(
        changed(lambda rng, header: moved(rng, header, -1)), are_apart, frozenset({"weights-gap"})
    ),
    "a hole at the beginning": Kind(
        changed(late),
        lambda content: min(one["data_offsets"][0] for _, one in tensors_of(content)) > 0,
        frozenset({"weights-gap"}),
    ),
    "tensors past the end": Kind(changed(outward), is_outside, frozenset({"weights-length", "too-large"})),
    "a file that is cut": Kind(cut, refused_by_library, frozenset({"weights-length"})),
    "more behind the end": Kind(longer, refused_by_library, frozenset({"weights-more"})),
    "NaN": Kind(filled([float("nan")]), has_no_number, frozenset({"weights-finite"})),
    "infinity": Kind(filled([float("inf"), -float("inf")]), has_no_number, frozenset({"weights-finite"})),
    "a file of another kind": Kind(archive, refused_by_library, frozenset({"weights-start"})),
}  # fmt: skip
EACH = 7
"""Files of each kind: more than 200 altogether."""


def files(kind: str) -> list[bytes]:
    """Some files of a kind, the same each time."""
    rng = Random(kind)
    return [KINDS[kind].make(rng) for _ in range(EACH)]
