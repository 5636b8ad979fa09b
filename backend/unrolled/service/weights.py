"""Files of weights: a folder in which each has its SHA-256 as its name, and the way from there into a run.

Several processes share the folder: a file comes in under a temporary name and is renamed when it is whole and has
been checked. A file is known by its content, so nothing is ever changed, and what is damaged counts as missing.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, BinaryIO

import numpy as np
from platformdirs import user_cache_path

from unrolled.language import Parameter, Recurrence, listed
from unrolled.settings import Settings

from .problems import Fault, ProblemError
from .schemas import DIGEST, RunRequest
from .weights_format import (
    PREFIX,
    Entry,
    check_numbers,
    header_length,
    most_header,
    read_arrays,
    read_entries,
    read_header,
    refuse,
    size_of,
)

ENDING = ".safetensors"
COMING = ".coming"
"""How files are called that are not whole yet."""

MOST_COMING = 16
"""Files that may come in at once, of all processes that share the folder."""

PATIENCE = 60.0
"""Seconds without a byte after which a file that was coming in is given up."""

POINTER = "/parameters/weights"


@dataclass(frozen=True)
class Store:
    """The folder, and its limits: bytes of a file and of all, tensors of a file."""

    folder: Path
    most_bytes: int
    most_tensors: int
    most_together: int

    def path(self, digest: str) -> Path:
        """Where a file is, if it is there. The name is nothing but the checked digest."""
        if not DIGEST.fullmatch(digest):
            raise ValueError("not a digest")
        return self.folder / f"{digest}{ENDING}"

    def find(self, digest: str) -> Path | None:
        """The file with this content, which counts as used now; None when it is not there, or damaged.

        The folder may be one that the service cannot write to.
        """
        path = self.path(digest)
        try:
            with path.open("rb") as file:
                is_sound = hashlib.file_digest(file, "sha256").hexdigest() == digest
        except FileNotFoundError:
            return None
        with suppress(OSError):
            if is_sound:
                os.utime(path)
            else:
                path.unlink()
        return path if is_sound else None

    @contextmanager
    def coming(self) -> Iterator[Upload]:
        """A place for a file to come in; what is not kept is gone afterwards. Raises `ProblemError` (503)."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.count_coming() >= MOST_COMING:
            raise ProblemError("busy", headers={"Retry-After": "1"})
        with NamedTemporaryFile(dir=self.folder, suffix=COMING, delete=False) as file:
            path = Path(file.name)
            try:
                yield Upload(self, path, file)
            finally:
                file.close()
                path.unlink(missing_ok=True)

    def count_coming(self) -> int:
        """How many files are coming in; those of processes that are gone are removed."""
        count = 0
        for path in self.folder.glob(f"*{COMING}"):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < time.time() - PATIENCE:
                    path.unlink()
                else:
                    count += 1
        return count

    def make_room(self, newest: str) -> None:
        """Remove what was not used for longest, until all fit; never the file that has just come."""
        known: list[tuple[float, int, Path]] = []
        for path in self.folder.glob(f"*{ENDING}"):
            if not DIGEST.fullmatch(path.stem):
                continue
            with suppress(FileNotFoundError):
                status = path.stat()
                known.append((status.st_mtime, status.st_size, path))
        together = sum(size for _, size, _ in known)
        for _, size, path in sorted(known):
            if together <= self.most_together:
                return
            if path.stem != newest:
                path.unlink(missing_ok=True)
                together -= size


@dataclass
class Upload:
    """A file that is coming in: its header is checked as soon as it is there, its numbers go to the disk."""

    store: Store
    path: Path
    file: Any
    received: int = 0
    needed: int = PREFIX
    has_header: bool = False
    entries: Sequence[Entry] = ()
    _head: bytearray = field(default_factory=bytearray)
    _hash: Any = field(default_factory=hashlib.sha256)

    def write(self, part: bytes) -> None:
        """Take the next bytes. Raises `ProblemError` as soon as the file cannot be good any more."""
        self.received += len(part)
        if self.received > self.store.most_bytes:
            raise too_large(self.store.most_bytes)
        if not self.has_header:
            self._head += part[: PREFIX + most_header(self.store.most_tensors) - len(self._head)]
            self._read_head()
        if self.has_header and self.received > self.needed:
            raise refuse("weights-more", needed=self.needed)
        self._hash.update(part)
        self.file.write(part)

    def _read_head(self) -> None:
        """Read the header, if it is whole; `needed` is what the file must have as far as it is known."""
        if len(self._head) < PREFIX:
            return
        behind = self.needed = PREFIX + header_length(
            bytes(self._head[:PREFIX]), self.store.most_tensors
        )
        if len(self._head) < behind:
            return
        self.entries = read_header(bytes(self._head[PREFIX:behind]), self.store.most_tensors)
        self.needed, self.has_header = behind + size_of(self.entries), True
        self._head.clear()
        if self.needed > self.store.most_bytes:
            raise too_large(self.store.most_bytes)

    def keep(self, digest: str) -> bool:
        """Check the whole file and give it its name; whether it is new. Raises `ProblemError`."""
        if not self.has_header or self.received != self.needed:
            raise refuse("weights-length", needed=self.needed, found=self.received)
        if self._hash.hexdigest() != digest:
            raise ProblemError("invalid-weights", [Fault("weights-digest", parameter="sha256")])
        self.file.close()
        check_numbers(self.path, self.entries, self.store.most_tensors)
        path = self.store.path(digest)
        is_new = not path.exists()
        try:
            self.path.replace(path)
        except FileNotFoundError:  # it came so slowly that it was taken for given up
            raise ProblemError("busy", headers={"Retry-After": "1"}) from None
        self.store.make_room(digest)
        return is_new


def too_large(limit: int) -> ProblemError:
    return ProblemError("too-large", [Fault("weights-bytes", arguments={"limit": limit})])


def store_of(settings: Settings) -> Store:
    """Where the service keeps weights."""
    folder = settings.weights_folder
    return Store(
        user_cache_path("unrolled", appauthor=False) / "weights" if folder == AUTO else folder,
        min(settings.max_weights_bytes, settings.max_weights_folder_bytes),
        settings.max_weights_tensors,
        settings.max_weights_folder_bytes,
    )


AUTO = Path("auto")
"""The setting that stands for a folder in the user's cache."""


def stored_parameters(
    request: RunRequest, recurrence: Recurrence, settings: Settings
) -> Mapping[str, np.ndarray]:
    """The parameters of a run that come from a file of weights: by name, of the shape in the text.

    Raises `ProblemError`: not there; names, shapes or numbers that do not fit.
    """
    if request.parameters.weights is None:
        return {}
    path = store_of(settings).find(request.parameters.weights)
    if path is None:
        raise ProblemError("unknown-weights", [Fault("unknown-weights", POINTER)])
    with path.open("rb") as file:
        return fitting(file, recurrence, request.dtype, settings.max_weights_tensors)


def fitting(
    file: BinaryIO, recurrence: Recurrence, dtype: str, most_tensors: int
) -> dict[str, np.ndarray]:
    """The numbers of a file as `dtype`, if names and shapes are those of the text. Raises `ProblemError`."""
    entries = read_entries(file, most_tensors)
    faults = [fault for one in entries if (fault := misfit(one, recurrence.parameters))]
    if faults:
        raise ProblemError("invalid-run", faults)
    with np.errstate(over="ignore"):
        arrays = {name: one.astype(dtype) for name, one in read_arrays(file, entries).items()}
    faults = [
        Fault("weights-range", POINTER, arguments={"name": name})
        for name, one in arrays.items()
        if not np.isfinite(one).all()
    ]
    if faults:
        raise ProblemError("invalid-run", faults)
    return arrays


def misfit(entry: Entry, parameters: Mapping[str, Parameter]) -> Fault | None:
    """What keeps a tensor from being a parameter of the text."""
    if entry.name not in parameters:
        names = listed(f"`{name}`" for name in parameters)
        return Fault(
            "weights-unknown-name", POINTER, arguments={"name": entry.name, "names": names}
        )
    wanted = parameters[entry.name].shape
    if entry.shape == wanted:
        return None
    arguments = {"name": entry.name, "wanted": shown(wanted), "found": shown(entry.shape)}
    return Fault("weights-other-shape", POINTER, arguments=arguments)


def shown(shape: tuple[int, ...]) -> str:
    """A shape as the engine's own sentences write it."""
    return "×".join(map(str, shape)) or "()"
