"""Unit tests have no network and no database."""

from pathlib import Path

import pytest
from pytest_socket import disable_socket

HERE = Path(__file__).parent
# A dozen interpreters of their own; all of CloudFormation.
NOT_QUICK = {"test_rooms.py", "test_stack.py"}


def pytest_collection_modifyitems(items):
    """Mark what `-m quick` chooses."""
    for item in items:
        if item.path.parent == HERE and item.path.name not in NOT_QUICK:
            item.add_marker(pytest.mark.quick)


@pytest.fixture(autouse=True)
def _no_network():
    disable_socket(allow_unix_socket=True)
