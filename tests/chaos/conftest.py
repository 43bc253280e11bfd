"""The services of the integration tests, for the tests of this room."""

from tests.integration.conftest import postgres, prefect_server, template  # noqa: F401
