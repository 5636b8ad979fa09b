"""Asks a server, and asks again: after a break of the connection, and when the server asks for patience."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from ipaddress import ip_address
from time import sleep
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from unrolled.client.errors import Busy, Cut, RemoteError, refusal, told
from unrolled.client.frames import Frame, read_frames

if TYPE_CHECKING:
    import httpx

JSON = "application/json"
PROBLEM = "application/problem+json"
FRAMES = "application/vnd.unrolled.frames"

BUSY = (429, 502, 503, 504)
"""Statuses that pass."""

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 30.0
"""Seconds before the second try; twice as many before each further one, or as many as the server asks for."""


class Patience:
    """How often something is tried in vain. Progress makes it new."""

    def __init__(self, tries: int) -> None:
        self._tries = tries
        self._failures = 0

    def progressed(self) -> None:
        self._failures = 0

    def failed(self, why: str, wait: float | None = None) -> None:
        """Wait for the next try. Raises `RemoteError` after the last."""
        self._failures += 1
        if self._failures >= self._tries:
            times = f" ({self._tries} times in a row)" if self._tries > 1 else ""
            raise RemoteError(why + times)
        pause = FIRST_PAUSE * 2 ** (self._failures - 1) if wait is None else wait
        sleep(min(pause, LONGEST_PAUSE))


class Connection:
    """The connection to one server. `timeout`: seconds to wait for more; `tries`: in vain, in a row."""

    def __init__(self, address: str, timeout: float, tries: int, agent: str) -> None:
        import httpx

        self.address = address.rstrip("/")
        self._tries = tries
        self._client = httpx.Client(
            base_url=self.address,
            timeout=timeout,
            trust_env=not is_loopback(address),
            headers={"User-Agent": agent, "Accept-Encoding": "identity", "Accept-Language": "en"},
        )

    def close(self) -> None:
        self._client.close()

    def version(self) -> str:
        """The version of the server. Raises `RemoteError` where something else answers."""
        try:
            health = self.get("/healthz")
        except RemoteError as error:
            if (error.problem or {}).get("status") == 404:
                raise self._stranger("nothing at /healthz") from None
            raise
        if not isinstance(health, dict) or not isinstance(health.get("version"), str):
            raise self._stranger("no version at /healthz")
        return health["version"]

    def get(self, path: str) -> Any:
        """The JSON at a path."""
        return self._json("GET", path, None)

    def post(self, path: str, body: bytes) -> Any:
        """The JSON that answers a body of JSON."""
        return self._json("POST", path, body)

    def frames(self, body: bytes, datatype: str, *, start: int, is_whole: bool) -> Iterator[Frame]:
        """One try at the frames of a run. Raises `Cut`, `Busy`, `RemoteError`."""
        asked = {"datatype": datatype, "start": start, "whole": str(is_whole).lower()}
        with self._answer("POST", "/v1/runs/frames", body, FRAMES, asked) as answer:
            yield from read_frames(answer.iter_bytes(), datatype)

    def patience(self) -> Patience:
        return Patience(self._tries)

    def _json(self, method: str, path: str, body: bytes | None) -> Any:
        patience = self.patience()
        while True:
            try:
                with self._answer(method, path, body, JSON) as answer:
                    return json.loads(answer.read())
            except ValueError:
                raise self._stranger("its JSON cannot be read") from None
            except (Busy, Cut) as error:
                patience.failed(str(error), getattr(error, "wait", None))

    @contextmanager
    def _answer(
        self,
        method: str,
        path: str,
        body: bytes | None,
        media_type: str,
        asked: Mapping[str, Any] | None = None,
    ) -> Iterator[httpx.Response]:
        """A good answer of this type. Breaks become `Cut`, refusals `RemoteError`, requests for patience `Busy`."""
        import httpx

        headers = {"Accept": f"{media_type}, {PROBLEM}"}
        if body is not None:
            headers["Content-Type"] = JSON
        try:
            with self._client.stream(
                method, path, params=asked, content=body, headers=headers
            ) as answer:
                self._check(answer, media_type)
                yield answer
        except httpx.ConnectError as error:
            raise Cut(
                f"nothing answers at {self.address} ({error}): is a server running there? "
                "`unrolled serve` starts one"
            ) from None
        except httpx.TransportError as error:
            how = str(error) or type(error).__name__
            raise Cut(f"the connection to {self.address} broke: {how}") from None

    def _check(self, answer: httpx.Response, media_type: str) -> None:
        """Refuse everything but a good answer of this type."""
        found = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        problem = self._problem(answer) if found == PROBLEM else None
        if answer.status_code in BUSY:
            said = told(problem) if problem else f"status {answer.status_code}"
            raise Busy(f"{self.address} is busy: {said}", seconds(answer.headers))
        if problem is not None:
            raise refusal(problem)
        if answer.is_redirect:
            raise RemoteError(
                f"{self.address} sends on to {answer.headers.get('location')}: connect to that address"
            )
        if answer.status_code != 200 or found != media_type:
            raise self._stranger(f"status {answer.status_code}, {found or 'no type'}")

    def _problem(self, answer: httpx.Response) -> dict[str, Any]:
        try:
            value = json.loads(answer.read())
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise self._stranger("its problem document cannot be read")
        return value

    def _stranger(self, how: str) -> RemoteError:
        return RemoteError(
            f"what answers at {self.address} is no server of unrolled ({how}): give the address that "
            "`unrolled serve` shows, without a path"
        )


def seconds(headers: Mapping[str, str]) -> float | None:
    """What `Retry-After` asks for; None where it does not say it in seconds."""
    said = headers.get("retry-after", "")
    return float(said) if said.isdecimal() else None


def is_loopback(address: str) -> bool:
    """Whether an address is this machine's own: no proxy of the environment has to do with it."""
    host = urlsplit(address).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
