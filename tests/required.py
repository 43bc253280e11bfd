"""What a test may do without on somebody's machine, and not in CI."""

import os
from typing import NoReturn

import pytest


def skip_or_fail(name: str, reason: str) -> NoReturn:
    """Skip a test for a reason; fail where the environment's `name` (REQUIRE_BROWSER) demands what is missing."""
    if os.environ.get(name):
        pytest.fail(reason)
    pytest.skip(reason)
