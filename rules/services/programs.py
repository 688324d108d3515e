"""The program of each lane, kept in memory for as long as it is certainly right.

A program is valid exactly while the lane's `next_seq` is what this process last
committed. Borrowing takes it off the shelf, so that a drain that
fails half-way leaves nothing half-changed behind: the next one loads it anew.
"""

from __future__ import annotations

from functools import partial

from django.db import transaction

from datasets.models import Lane
from rules.services.lane_program import LaneProgram
from rules.services.loading import load_program

_shelf: dict[int, LaneProgram] = {}


def borrow_program(lane: Lane) -> LaneProgram:
    """Take the lane's program, from the shelf if it is still valid, else loaded."""
    kept = _shelf.pop(lane.pk, None)
    if kept is not None and kept.next_seq == lane.next_seq:
        return kept
    return load_program(lane)


def return_program(lane: Lane, program: LaneProgram, *, next_seq: int) -> None:
    """Keep a program once the transaction that moves its lane so far is committed.

    Not before: were the commit lost, another process could come to the same position
    by other batches.
    """
    program.next_seq = next_seq
    program.let_go()
    transaction.on_commit(partial(_shelf.__setitem__, lane.pk, program))


def forget_programs() -> None:
    """Take every program off the shelf: what is asked for next is loaded anew."""
    _shelf.clear()
