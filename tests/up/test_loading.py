"""What the parent of `up` loads for the parts."""

import gc
from collections.abc import Iterator

import pytest

from alerts.up.loading import load_server


@pytest.fixture
def uncollected() -> Iterator[None]:
    """As `manage.py up` begins; the tests after it are collected as those before."""
    gc.disable()
    gc.unfreeze()
    yield
    gc.unfreeze()
    gc.enable()


@pytest.mark.usefixtures("uncollected")
def test_collector_works_once_all_is_loaded_and_leaves_that_alone():
    load_server()

    assert gc.isenabled()
    assert gc.get_freeze_count() > 0
