"""What the README says exists, and what exists it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.db.models import TextChoices

from alerts.models import DeliveryStatus
from config.settings import base
from datasets.models import BatchState
from rules.models import Health, InstanceState

ROOT = Path(base.__file__).parent.parent.parent
README = (ROOT / "README.md").read_text()
ENVIRONMENT = re.compile(r"env\.\w+\(\s*\"([A-Z_]+)\"", re.MULTILINE).findall(
    "".join(file.read_text() for file in Path(base.__file__).parent.glob("*.py"))
)


@pytest.mark.parametrize("name", sorted(set(ENVIRONMENT)))
def test_every_setting_is_explained(name: str) -> None:
    assert f"`{name}`" in README


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"\]\(([a-zA-Z][\w./-]*)\)", README)))
)
def test_every_link_leads_somewhere(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("states", [BatchState, InstanceState, Health, DeliveryStatus])
def test_words_name_every_state(states: type[TextChoices]) -> None:
    words = README.partition("## Words")[2].partition("\n## ")[0]

    assert [one for one in states.values if f"`{one}`" not in words] == []


def test_run_line_and_test_line_differ_by_their_end_alone() -> None:
    lines = re.findall(r"^python3 -m venv .*$", README, re.MULTILINE)

    start = "python3 -m venv .venv && .venv/bin/pip install --require-hashes -r "
    assert lines == [
        f"{start}requirements/run.txt && .venv/bin/python manage.py up",
        f"{start}requirements/test.txt && .venv/bin/python -m pytest",
    ]
