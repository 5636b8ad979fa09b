"""The service does what its OpenAPI document says, and the document says what the service does.

[schemathesis](https://schemathesis.readthedocs.io) makes requests from the document: every constraint at
its border and past it (`coverage`), random requests that fit the document (`fits`) and random ones that
do not (`misfits`), the same each time. All its checks are made on the answers but those in `EXCLUDED`.
Half of what fits is about a text that can be read, so that runs are reached and not only their refusals.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

import orjson
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import positive_data_acceptance

from unrolled.service.answers import Problem
from unrolled.service.app import create_app
from unrolled.service.openapi import StreamEvent
from unrolled.service.weights_routes import EMPTY
from unrolled.settings import Settings

RANDOM = {"GET": 40, "POST": 160, "PUT": 40}
"""Random requests of each kind to an operation; with the coverage more than 5,000 altogether."""

EXCLUDED = [
    # A schema cannot say which texts are recurrences and which sizes fit them; in its place stands
    # `is_a_fault_of_meaning`.
    positive_data_acceptance,
    # A process that starts is not ready, and one that is full says when to come back; all else is checked.
    not_a_server_error,
]
MEANING = frozenset(
    {
        *("unknown-architecture", "unknown-domain", "unknown-tree", "unknown-variable"),
        *("tree-structure", "one-source", "path-end", "ragged", "too-deep", "input-form"),
        *("slice-steps-form", "slice-units-form", "slice-range", "slice-units", "slice-domains"),
        *("slice-scalar", "no-gradient", "no-tensor"),
        "not-a-number",  # null, which `Numbers` has for what was not observed
        "not-an-integer",  # 1.0, which JSON Schema takes for an integer
    }
)
"""Codes of what the document does not say: of names, of nested lists, of fields that exclude each other."""

QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]

TEXTS = (
    "h: 2\nx: 2\nfor t in time:\n    h[t] = tanh(W @ h[t-1] + U @ x[t])\nloss = sum(h)",
    "h: 2\nx: 2\nfor n in tree:\n    h[n] = where(leaf(n), x[n], tanh(W @ h[left(n)] + h[right(n)]))",
)
NAMES = ("lstm", "gru/torch", "teacher-forcing", "bidirectional-rnn")


FOLDER = Path(mkdtemp())
APP = create_app(Settings(allow_weights=True, weights_folder=FOLDER))
SCHEMA = schemathesis.openapi.from_dict(APP.openapi())
SCHEMA.app = APP


@schemathesis.serializer("application/vnd.safetensors")
def as_it_is(context: schemathesis.SerializationContext, value: Any) -> bytes:
    """The body of a file."""
    del context
    return value if isinstance(value, bytes) else str(value).encode()


@pytest.fixture(scope="module", autouse=True)
def no_files() -> Iterator[None]:
    """Afterwards the folder of weights is gone; nothing that was made up has been taken for weights.

    A process that takes tests from another may come back to this module once it had left it.
    """
    FOLDER.mkdir(exist_ok=True)
    yield
    left = list(FOLDER.iterdir())
    rmtree(FOLDER)
    assert left == []


OPERATIONS = {
    one.ok().label: one.ok() for one in SCHEMA.get_all_operations() if isinstance(one, Ok)
}


def token(body: dict[str, Any]) -> str:
    return urlsafe_b64encode(orjson.dumps(body)).decode().rstrip("=")


TOKENS = [token({"architecture": name}) for name in NAMES] + [
    token({"equations": TEXTS[0], "lengths": {"time": 3}})
]
KNOWN = {
    "architecture": NAMES,
    "token": TOKENS,
    "name": ["h", "loss", "h/0", "grad/h"],
    "sha256": [EMPTY],
}
"""By parameter of a path, what there is."""


@st.composite
def about_a_text(draw: st.DrawFn, cases: st.SearchStrategy[Case]) -> Case:
    """A case that fits; half of the time with a text, a name or a token that exists."""
    case = draw(cases)
    if draw(st.booleans()):
        return case
    for name, known in KNOWN.items():
        if name in case.path_parameters:
            case.path_parameters[name] = draw(st.sampled_from(known))
    if isinstance(case.body, dict):
        body = dict(case.body)
        if "/recurrences" in case.path or draw(st.booleans()):
            body.pop("architecture", None)
            body["equations"] = draw(st.sampled_from(TEXTS))
        else:
            body.pop("equations", None)
            body["architecture"] = draw(st.sampled_from(NAMES))
        for field in draw(st.sets(st.sampled_from([*sorted(body), "none"]))):
            if field not in ("equations", "architecture", "of", "with_respect_to", "from", "to"):
                body.pop(field, None)
        for field in ("of", "with_respect_to"):
            if field in body:
                body[field] = "h"
        for field in ("from", "to"):
            if field in body:
                body[field] = {"variable": "h", "at": [1]}
        case.body = body
    return case


def is_a_fault_of_meaning(problem: Problem) -> bool:
    """Whether a request that fits the document may be refused with this."""
    if problem.type == "/problems/invalid-request":
        return all(error.code in MEANING for error in problem.errors)
    return problem.type in (
        "/problems/invalid-equations",
        "/problems/invalid-run",
        "/problems/invalid-weights",
        "/problems/unknown-weights",
        "/problems/too-expensive",
        "/problems/not-found",
    )


def check(case: Case, statuses: Counter[int], fits: bool) -> None:
    """Send a request; hold the answer against the document, and an error against RFC 9457."""
    answer = case.call(base_url="http://localhost")
    statuses[answer.status_code] += 1
    case.validate_response(answer, excluded_checks=EXCLUDED)
    media_type = answer.headers.get("content-type", [""])[0].split(";")[0]
    if answer.status_code < 400:
        if media_type == "application/x-ndjson":
            for line in answer.content.splitlines():
                StreamEvent.model_validate_json(line)
        return
    if answer.status_code >= 500:
        assert answer.status_code == 503, case.as_curl_command()
        assert case.path == "/readyz" or "retry-after" in answer.headers
    assert media_type == "application/problem+json"
    problem = Problem.model_validate_json(answer.content)
    assert problem.status == answer.status_code
    assert problem.errors or problem.status in (404, 405)
    if fits:
        assert is_a_fault_of_meaning(problem), (case.as_curl_command(), problem.errors)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("label", OPERATIONS)
def test_every_constraint_of_the_document_holds(label: str, report: list[str]) -> None:
    operation = OPERATIONS[label]
    statuses: Counter[int] = Counter()
    cases = SCHEMA.iter_coverage_cases(
        operation,
        generation_modes=list(GenerationMode),
        generation_config=SCHEMA.config.generation_for(operation=operation),
    )
    for case in cases:
        check(case, statuses, fits=False)
    assert statuses
    report.append(f"{statuses.total()} requests: {dict(statuses)}")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("label", OPERATIONS)
@pytest.mark.parametrize("fits", [True, False], ids=["fits", "misfits"])
def test_random_requests_are_answered_as_the_document_says(
    label: str, fits: bool, report: list[str]
) -> None:
    operation = OPERATIONS[label]
    statuses: Counter[int] = Counter()
    mode = GenerationMode.POSITIVE if fits else GenerationMode.NEGATIVE
    cases = operation.as_strategy(generation_mode=mode)

    @seed(0)
    @settings(
        max_examples=RANDOM[operation.method.upper()],
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=QUIET,
    )
    @given(case=about_a_text(cases) if fits else cases)
    def each(case: Case) -> None:
        check(case, statuses, fits)

    each()
    assert statuses
    report.append(f"{statuses.total()} requests: {dict(statuses)}")
