"""Everything in this folder is about faults: ``make test-faults`` runs it, with the long sweeps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import sweep
from tests.faults.sweep import Sides

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("faults")


@pytest.fixture(scope="session")
def sides() -> Iterator[Sides]:
    """Sources of processes, as they are; made once, since it takes them a second to import everything."""
    with sweep.sides() as made:
        yield made
