"""`manage.py test_rules`: what it prints of files, and how it ends."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.rules.test_rule_tests import case, file, price, run


def test_command_fails_with_a_sentence_for_each_case(tmp_path: Path) -> None:
    path = tmp_path / "one.yaml"
    path.write_bytes(
        file(case(price(300), expect="[{at: 1s, key: MSFT, kind: raised}]"))
    )
    out = StringIO()

    with pytest.raises(CommandError) as end:
        call_command("test_rules", str(path), stdout=out)

    assert out.getvalue() == (
        f"{path}:9: FAILED, One: raised of MSFT at 1s did not come; "
        "raised of MSFT at 0s came unasked.\n"
    )
    assert str(end.value) == "0 passed, 1 failed, 0 files could not be read."
    assert end.value.returncode == 1


def test_command_goes_on_after_a_bad_file(tmp_path: Path) -> None:
    bad, good = tmp_path / "bad.yaml", tmp_path / "good.yaml"
    bad.write_text("workspace: DEMO\nworkspace: DEMO\n")
    good.write_bytes(file(case(price(320))))
    out = StringIO()

    with pytest.raises(CommandError, match="1 passed, 0 failed, 1 files"):
        call_command("test_rules", str(bad), str(good), stdout=out)

    assert f'{bad}:2: "workspace" is written twice' in out.getvalue()


def test_command_says_which_file_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        run(tmp_path / "none.yaml")
