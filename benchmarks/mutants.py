"""How many of the small faults that are put into the language and the limits are noticed by the tests.

    python benchmarks/mutants.py [--sample 300] [--seed 1] [--children 2] [--show]

mutmut changes one operator, number, name or word of a function at a time and runs the tests that reach it. All
mutants of the limits and the admission are tried, and a sample of those of the language: the same for the same
seed. `--show` prints what survived. Needs `pip install -e '.[dev,mutation]'`.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MUTMUT = [sys.executable, str(Path(__file__).resolve()), "mutmut"]

CONFIGURATION = """
[tool.mutmut]
source_paths = ["src"]
only_mutate = ["src/unrolled/language/*", "src/unrolled/service/limits.py", "src/unrolled/service/admission.py"]
also_copy = ["tests", "docs"]
pytest_add_cli_args = ["-p", "no:cacheprovider", "-p", "no:xdist"]
pytest_add_cli_args_test_selection = [
    "tests/service/test_limits.py",
    "tests/service/test_admission.py",
    "tests/language/test_diagnostics.py",
    "tests/language/test_examples.py",
    "tests/language/test_meaning.py",
    "tests/language/test_latex.py",
]
"""
LIMITS = ("unrolled.service.limits.", "unrolled.service.admission.")
KINDS = {0: "survived", 33: "no test", 5: "no test", 36: "timeout", 24: "timeout", 255: "timeout"}
"""What mutmut's exit codes mean; all others: killed."""


def mutmut(arguments: list[str]) -> None:
    """mutmut itself, but that it names functions of tests and not their cases, whose names it cannot all repeat."""
    from mutmut.__main__ import cli
    from mutmut.runners.harness import PytestRunner

    by_case = PytestRunner._pytest_args_regular_run

    def by_function(self: PytestRunner, tests: Iterable[str]) -> list[str]:
        return by_case(self, list(dict.fromkeys(one.split("[")[0] for one in sorted(tests))))

    PytestRunner._pytest_args_regular_run = by_function
    cli(arguments)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--sample", type=int, default=300, help="mutants of the language to try")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--children", type=int, default=2, help="processes")
    parser.add_argument("--show", action="store_true", help="print what survived")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        run(folder, options.children, [f"{module}*" for module in LIMITS])
        language = [each for each in results(folder) if not each.startswith(LIMITS)]
        chosen = random.Random(options.seed).sample(language, min(options.sample, len(language)))
        run(folder, options.children, chosen)
        found = results(folder)
        limits = [each for each in found if each.startswith(LIMITS)]
        print("\n| what | mutants | tried | killed | survived | no test | timeout | killed, % |")
        print("| --- | --- | --- | --- | --- | --- | --- | --- |")
        row("language", len(language), (found[each] for each in chosen))
        row("limits, admission", len(limits), (found[each] for each in limits))
        if options.show:
            for each in [*chosen, *limits]:
                if KINDS.get(found[each] or 1) is None and found[each] != 0:
                    continue
                subprocess.run([*MUTMUT, "show", each], cwd=folder, check=False)


def prepare(folder: Path) -> None:
    """A copy whose packages stand in `src`: mutmut knows no other name for that folder."""
    hidden = shutil.ignore_patterns("__pycache__", "static")
    shutil.copytree(ROOT / "backend", folder / "src", ignore=hidden)
    for each in ("tests", "docs"):
        shutil.copytree(ROOT / each, folder / each, ignore=hidden)
    project = (ROOT / "pyproject.toml").read_text()
    project = project.replace('pythonpath = ["backend"', 'pythonpath = ["src"')
    (folder / "pyproject.toml").write_text(project + CONFIGURATION)


def run(folder: Path, children: int, names: list[str]) -> None:
    command = [*MUTMUT, "run", "--max-children", str(children), *names]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)


def results(folder: Path) -> dict[str, int | None]:
    """Mutants and how their tests ended; None: not tried."""
    found: dict[str, int | None] = {}
    for path in sorted((folder / "mutants").rglob("*.meta")):
        found |= json.loads(path.read_text())["exit_code_by_key"]
    return found


def row(what: str, mutants: int, codes: Iterable[int | None]) -> None:
    kinds = Counter(KINDS.get(code, "killed") for code in codes if code is not None)
    tried = kinds.total()
    killed = kinds["killed"] + kinds["timeout"]
    cells = [
        what, mutants, tried, kinds["killed"], kinds["survived"], kinds["no test"], kinds["timeout"],
        f"{100 * killed / max(tried, 1):.1f}",
    ]  # fmt: skip
    print(f"| {' | '.join(map(str, cells))} |")


if __name__ == "__main__":
    if sys.argv[1:2] == ["mutmut"]:
        mutmut(sys.argv[2:])
    main()
