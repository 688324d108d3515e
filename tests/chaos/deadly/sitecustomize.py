"""Loaded by Python itself in the processes of a trial whose `PYTHONPATH` leads here.

An event whose key begins with `EXIT` ends its judge, as running out of memory would;
one with `HANG` keeps it for ever. It runs first of all, so it imports nothing of ours.
"""

import os
import sys
import time
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

_JUDGING = "rules.services.judging"
_KILLED = 137
_FOR_EVER_SECONDS = 3_600


def _make_deadly(judging: ModuleType) -> None:
    """Let it step over no event of these keys."""
    step = judging.step

    # Any: what the engine's step takes and gives.
    def step_or_die(program: Any, state: Any, happening: Any) -> Any:
        _, key = getattr(happening, "subject", ("", ""))
        if key.startswith("EXIT"):
            os._exit(_KILLED)
        if key.startswith("HANG"):
            time.sleep(_FOR_EVER_SECONDS)
        return step(program, state, happening)

    judging.step = step_or_die  # type: ignore[attr-defined] # a module's own name


class _Finder:
    """Finds the one module, and changes it once it is loaded."""

    @classmethod
    def find_spec(
        cls, name: str, path: Sequence[str] | None = None, target: Any = None
    ) -> ModuleSpec | None:  # Any: as importlib's
        if name != _JUDGING:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is None or spec.loader is None:
            return spec
        load = spec.loader.exec_module

        def load_and_change(module: ModuleType) -> None:
            load(module)
            _make_deadly(module)

        spec.loader.exec_module = load_and_change  # type: ignore[method-assign] # ours
        return spec


sys.meta_path.insert(0, _Finder)
