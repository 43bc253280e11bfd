"""Unit tests have no network and no database."""

import pytest
from pytest_socket import disable_socket


@pytest.fixture(autouse=True)
def _no_network():
    disable_socket(allow_unix_socket=True)
