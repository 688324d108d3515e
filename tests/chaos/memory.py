"""What processes take of the machine's memory, as the kernel counts it, in MB."""

from __future__ import annotations

from pathlib import Path


def share_of(pid: int) -> float:
    """Return a process's share; what n processes have in common counts as an nth."""
    return _read(pid, "smaps_rollup", "Pss:")


def peak_of(pid: int) -> float:
    """Return the most that a process ever had in memory, what is shared and all."""
    return _read(pid, "status", "VmHWM:")


def _read(pid: int, name: str, title: str) -> float:
    try:
        lines = Path(f"/proc/{pid}/{name}").read_text().splitlines()
    except OSError:  # it has just ended
        return 0.0
    found = (int(line.split()[1]) for line in lines if line.startswith(title))
    return next(found, 0) / 1_024  # one that ends has no memory any more
