"""What the service counts, for Prometheus: each metric, and one function that moves it.

With several processes the supervisor names a folder in `PROMETHEUS_MULTIPROC_DIR` before they start;
whichever of them is asked then answers for all. A gauge here says how processes add up, and is only
ever moved up and down by the process it speaks of: none is read from somewhere when it is asked.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from pathlib import Path
from tempfile import mkdtemp
from typing import TypeVar

from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    disable_created_metrics,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

T = TypeVar("T")

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

disable_created_metrics()

REQUESTS = Counter("unrolled_requests", "Requests answered.", ["route", "method", "status"])
REQUEST_SECONDS = Histogram(
    "unrolled_request_seconds",
    "From a request's first byte to the last of its answer.",
    ["route"],
    buckets=SECONDS,
)
RUN_SECONDS = Histogram(
    "unrolled_run_seconds", "Time that a run computed, forward and backward.", buckets=SECONDS
)
STEPS = Counter("unrolled_steps_sent", "Steps of runs that were sent, whole or in streams.")
STREAMS = Gauge("unrolled_streams", "Runs being computed now.", multiprocess_mode="livesum")
WAITING = Gauge(
    "unrolled_pieces_waiting", "Pieces of work without a thread yet.", multiprocess_mode="livesum"
)
WORKING = Gauge(
    "unrolled_pieces_working", "Pieces of work that a thread is at.", multiprocess_mode="livesum"
)
ADMITTED = Gauge(
    "unrolled_admitted", "Requests that have a place among the runs.", multiprocess_mode="livesum"
)
REFUSED = Counter("unrolled_refused", "Requests that were told to come back later.")
HITS = Counter("unrolled_cache_hits", "Answers that were given again from the cache.")


def request_answered(route: str, method: str, status: int, seconds: float) -> None:
    REQUESTS.labels(route, method, str(status)).inc()
    REQUEST_SECONDS.labels(route).observe(seconds)


def run_computed(seconds: float) -> None:
    RUN_SECONDS.observe(seconds)


def steps_sent(number: int) -> None:
    STEPS.inc(number)


def admitted() -> None:
    ADMITTED.inc()


def left() -> None:
    ADMITTED.dec()


def refused() -> None:
    REFUSED.inc()


def given_again() -> None:
    HITS.inc()


def run_begun() -> None:
    STREAMS.inc()


def run_ended() -> None:
    STREAMS.dec()


def submitted(executor: Executor, job: Callable[[], T]) -> Future[T]:
    """Give a piece of work to the threads; counted as waiting, then as in work."""

    def work() -> T:
        WAITING.dec()
        with WORKING.track_inprogress():
            return job()

    WAITING.inc()
    future = executor.submit(work)
    future.add_done_callback(lambda done: WAITING.dec() if done.cancelled() else None)
    return future


def exposition(accept: str) -> tuple[bytes, str]:
    """Every metric as text, and its media type, in the form that the `Accept` header asks for."""
    registry = REGISTRY
    if folder := os.environ.get(FOLDER):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)
        registry.register(EveryProcess(Path(folder)))
    encode, media_type = choose_encoder(accept)
    return encode(registry), media_type


class EveryProcess(Collector):
    """Memory, processor time, open files of every process, under a label with its id."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def collect(self) -> Iterator[Metric]:
        found: dict[str, Metric] = {}
        for file in sorted(self.folder.glob("gauge_livesum_*.db")):
            pid = file.stem.rpartition("_")[2]
            for metric in ProcessCollector(pid=lambda pid=pid: pid, registry=None).collect():
                together = found.setdefault(
                    metric.name, Metric(metric.name, metric.documentation, metric.type)
                )
                for sample in metric.samples:
                    together.add_sample(sample.name, {**sample.labels, "pid": pid}, sample.value)
        yield from found.values()


def make_folder() -> Path:
    """Where the processes that are started from here on keep their numbers."""
    folder = Path(mkdtemp(prefix="unrolled-metrics-"))
    os.environ[FOLDER] = str(folder)
    return folder


def process_died(pid: int, folder: Path) -> None:
    """Forget what a process had in work; what it had counted stays."""
    mark_process_dead(pid, str(folder))
