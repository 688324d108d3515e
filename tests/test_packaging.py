"""What containers and units run is what the program has."""

from __future__ import annotations

import argparse
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands
from pytest_django.fixtures import Settings

from alerts.up import plan
from config import env

ROOT = Path(__file__).parent.parent
UNITS = sorted((ROOT / "docs/systemd").glob("*.service"))
README = (ROOT / "README.md").read_text()
COMPOSE: Mapping[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
# Any: YAML of a form that these tests know.
SERVICES: Mapping[str, Mapping[str, Any]] = COMPOSE["services"]
OURS = {name: one for name, one in SERVICES.items() if one["image"] == "bellwether"}
INSTRUCTIONS = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text()).splitlines()


@pytest.fixture(autouse=True)
def full_mode(settings: Settings) -> None:
    """The way to run that containers and units choose."""
    settings.DATABASE_URL = "postgresql://127.0.0.1:1/bw"
    settings.REDIS_URL = "redis://127.0.0.1:1/0"


def parts_of(words: list[str]) -> list[str]:
    """Return the parts that a command of ours runs; fails on one that is none."""
    command, *options = words
    assert command in get_commands()
    if command == "working":
        return plan.chosen_parts(",".join(options))
    if command != "up":
        assert options == []
        return []
    parser = argparse.ArgumentParser(exit_on_error=False)
    env.add_up_options(parser)
    said = parser.parse_args(options)
    return plan.chosen_parts(said.parts) if said.parts else plan.part_names()


def test_containers_run_every_part_once() -> None:
    run = [part for one in OURS.values() for part in parts_of(one["command"])]

    assert sorted(run) == sorted(plan.part_names())


def test_container_is_well_if_its_own_parts_are() -> None:
    for name, one in OURS.items():
        if "test" in (check := one.get("healthcheck", {})):
            cmd, *words = check["test"]
            assert (cmd, words[:2]) == ("CMD", ["python", "manage.py"])
            assert parts_of(words[2:]) == parts_of(one["command"]), name
        else:
            assert name == "web" or check["disable"]


def test_containers_stop_and_start_in_order() -> None:
    for name, one in SERVICES.items():
        assert one["stop_grace_period"]
        assert (name == "prepare") == (one["restart"] == "no")
        for needed, how in one.get("depends_on", {}).items():
            is_prepared = how["condition"] == "service_completed_successfully"
            assert is_prepared == (needed == "prepare")
    assert "redis" not in SERVICES["runner"]["depends_on"]
    kept = {place.split(":")[0] for one in SERVICES.values() for place in volumes(one)}
    assert kept == {*COMPOSE["volumes"]}


def volumes(service: Mapping[str, Any]) -> list[str]:
    return list(service.get("volumes", ()))


def test_containers_are_told_settings_that_exist() -> None:
    for one in OURS.values():
        unknown = [name for name in one["environment"] if f"`{name}`" not in README]
        assert unknown == []


def test_image_runs_as_nobody_special_and_says_how_it_does() -> None:
    last = INSTRUCTIONS[max(n for n, one in enumerate(INSTRUCTIONS) if "FROM" in one) :]
    said = dict(line.split(" ", 1) for line in last if line and line[0] != "#")

    assert said["FROM"] == "python:3.11-slim"
    assert said["USER"] == "bellwether"
    assert "/healthz" in said["HEALTHCHECK"]
    words = yaml.safe_load(said["CMD"])
    assert parts_of(words) == plan.part_names()
    assert yaml.safe_load(said["ENTRYPOINT"]) == ["python", "manage.py"]


def commands(unit: Path) -> Iterator[list[str]]:
    for line in re.findall(r"^ExecStart=(.*)$", unit.read_text(), re.MULTILINE):
        words = line.replace("${BELLWETHER_PARTS}", "web,drain,calls")
        yield shlex.split(words.replace("${BELLWETHER_LISTEN}", "127.0.0.1"))


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_unit_starts_what_the_program_has(unit: Path) -> None:
    ((python, manage, *words),) = commands(unit)

    assert (python, manage) == ("/opt/bellwether/.venv/bin/python", "manage.py")
    parts_of(words)


@pytest.mark.skipif(
    not shutil.which("systemd-analyze"),
    reason="no systemd-analyze on this machine (Debian: apt-get install systemd)",
)
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_understands_the_unit(unit: Path, tmp_path: Path) -> None:
    text = unit.read_text().replace("/opt/bellwether/.venv/bin/python", sys.executable)
    (tmp_path / unit.name).write_text(text)

    said = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", tmp_path / unit.name],
        capture_output=True,
        text=True,
        check=False,
    )

    ours = [line for line in said.stderr.splitlines() if unit.stem in line]
    assert ours == []
