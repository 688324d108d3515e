"""Rules of the tree that neither ruff nor an import contract can hold."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = {"config", "outbound", "workspaces", "datasets", "rules", "alerts"}
LONGEST = 400

# What is said in one place only: a pattern, and where that place is.
DOORS = {
    r"\.(delay|apply_async|send_task)\(": "config/celery.py",
    r"\bgroup_send\b": "alerts/push.py",
    r"\bos\.(environ|getenv)\b": "config/",
}


def tracked(*patterns: str) -> list[Path]:
    """Return the files that a commit would hold, new ones included."""
    command = ("git", "ls-files", "--cached", "--others", "--exclude-standard", "--")
    told = subprocess.run(
        [*command, *patterns], cwd=ROOT, check=True, capture_output=True, text=True
    )
    paths = [Path(line) for line in told.stdout.splitlines()]
    return [path for path in paths if (ROOT / path).is_file()]


def program() -> list[Path]:
    """Return the Python files of our packages, without their migrations."""
    ours = [path for path in tracked("*.py") if path.parts[0] in PACKAGES]
    return [path for path in ours if "migrations" not in path.parts]


def lines_of(path: Path) -> list[str]:
    """Return a file's lines; a file that is not text has none."""
    try:
        return (ROOT / path).read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        return []


def lines_matching(pattern: str, paths: Iterable[Path]) -> list[str]:
    """Return every line that matches, as `file:line: text`."""
    return [
        f"{path}:{number}: {line.strip()}"
        for path in paths
        for number, line in enumerate(lines_of(path), start=1)
        if re.search(pattern, line)
    ]


@pytest.mark.parametrize("pattern", DOORS)
def test_what_has_a_door_goes_through_it(pattern):
    door = DOORS[pattern]
    outside = [path for path in program() if not str(path).startswith(door)]

    assert lines_matching(pattern, outside) == []


def test_services_are_called_and_nothing_listens_for_signals():
    pattern = r"^\s*(from|import) (django|celery)\b.*\b(signals|dispatch)\b|@receiver\b"

    assert lines_matching(pattern, program()) == []


def test_a_function_belongs_to_a_noun():
    nobody = {"utils", "util", "helpers", "helper", "common", "misc"}

    assert [p for p in tracked("*.py") if nobody & {*p.with_suffix("").parts}] == []


def test_imports_stand_at_the_top_of_a_file():
    """Ruff finds those inside functions; this finds who asked it to look away.

    Django's `ready` may: only then are there models to import.
    """
    files = [path for path in tracked("*.py") if path.name != "apps.py"]

    assert lines_matching(r"noqa:.*\bPLC0415", files) == []


def test_a_file_is_short_enough_to_be_read_at_once():
    files = tracked("*.py", "*.js", "*.html")
    written = [path for path in files if "migrations" not in path.parts]

    assert [path for path in written if len(lines_of(path)) > LONGEST] == []


def test_the_engine_imports_the_standard_library_only():
    allowed = {*sys.stdlib_module_names, "rules.engine"}
    files = [path for path in program() if path.is_relative_to("rules/engine")]

    found = {(path, name) for path in files for name in imported_by(path)}

    assert {(p, name) for p, name in found if top(name) not in allowed} == set()


def imported_by(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def top(module: str) -> str:
    """Return the package a module is of; the engine counts as one."""
    is_engine = module == "rules.engine" or module.startswith("rules.engine.")
    return "rules.engine" if is_engine else module.partition(".")[0]


def test_no_file_knows_the_machine_it_was_written_on():
    home = r"(?<![\w.>}])/(work|root)/"
    # One letter of each name is a class of its own, so that this file passes.
    registry = r"\bnpm[j]s\.|\bpython[h]osted\.|\bpypi[.]org|\bpypi-more|\bdeb[.]debian"

    assert lines_matching(f"{home}|{registry}", tracked()) == []


@pytest.mark.parametrize("name", ["run", "test"])
def test_every_library_is_pinned_by_hash_and_comes_from_anywhere(name):
    text = (ROOT / f"requirements/{name}.txt").read_text()
    pinned = re.split(r"\n(?=\S)", text.strip())

    assert "://" not in text
    assert [
        pin for pin in pinned if "==" not in pin or "--hash=sha256:" not in pin
    ] == []


def test_tests_run_on_the_libraries_that_the_product_runs_on():
    run, test = (
        {line.split()[0] for line in lines_of(Path(name)) if "==" in line}
        for name in ("requirements/run.txt", "requirements/test.txt")
    )

    assert run - test == set()


def test_front_end_packages_are_locked_without_their_registry():
    lock = json.loads((ROOT / "package-lock.json").read_text())

    assert [
        name for name, entry in lock["packages"].items() if "resolved" in entry
    ] == []
