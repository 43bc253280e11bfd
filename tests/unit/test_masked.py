"""The one way out for words: no error, record or line says a secret, and there is no other way."""

import ast
import io
import logging
from pathlib import Path

import pytest

from tasks import errors, masked
from tasks.errors import PipelineError
from tasks.shown.console import say
from tasks.source.portal import PageFailedError, RefusedError

PROJECT = Path(__file__).resolve().parents[2]
SECRET = 'to"ken\\+1'
QUOTED = [SECRET, repr(SECRET), 'said "to\\"ken\\\\+1"', "?token=to%22ken%5C%2B1"]


@pytest.fixture(autouse=True)
def _kept():
    masked.keep_secret(SECRET)
    yield
    masked.forget_secrets()


def is_said(text):
    return any(part in text for part in ("ken", "%22", "to%", "2B1"))


@pytest.mark.parametrize("text", QUOTED)
def test_a_secret_is_masked_however_it_is_quoted(text):
    assert masked.MASK in masked.masked(text)
    assert not is_said(masked.masked(text).replace("?token=", ""))


def test_every_error_of_this_project_masks_its_message():
    kinds = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, PipelineError)
    ]
    assert len(kinds) > 6
    for kind in (*kinds, PageFailedError, RefusedError):
        assert str(kind(f"it says {SECRET}")) == f"it says {masked.MASK}"


def test_every_record_of_every_log_is_masked_with_its_traceback():
    stream = io.StringIO()
    log = logging.getLogger("somebody.else")
    log.addHandler(handler := logging.StreamHandler(stream))
    try:
        try:
            int(SECRET)
        except ValueError:
            log.exception("odd=%r of %d", SECRET, 5)
    finally:
        log.removeHandler(handler)
    said = stream.getvalue()
    assert said.startswith("odd='***' of 5\nTraceback")
    assert "ValueError: invalid literal for int() with base 10: '***'" in said
    assert not is_said(said.replace("token", ""))


def test_every_line_that_is_printed_is_masked():
    stream = io.StringIO()
    say(f"5 rows of {SECRET}", stream)
    assert stream.getvalue() == "5 rows of ***\n"


def test_nothing_is_printed_but_through_that_line():
    """But by programs of their own that ask the portal nothing."""
    writers = {
        path.relative_to(PROJECT).as_posix()
        for folder in ("tasks", "flows")
        for path in (PROJECT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func)
        in {"print", "sys.stdout.write", "sys.stderr.write", "(stream or sys.stdout).write"}
    }
    # A process that hangs says so by itself, masked.
    alone = {
        "tasks/run/stop.py",
        "tasks/commands/psql.py",
        "tasks/commands/dictionary.py",
        "tasks/commands/database_role.py",
        "tasks/local/services.py",
    }
    assert writers == {"tasks/shown/console.py", *alone}
    for name in alone:
        assert "tasks.source" not in (PROJECT / name).read_text("utf-8")


def test_what_the_portal_says_leaves_its_room_as_an_error_of_this_project():
    """Or as `ReadAgainError`, which becomes one, and `ValueError`, for what a caller did wrong."""
    names = {
        ast.unparse(node.exc.func)
        for path in (PROJECT / "tasks/source").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)
    }
    assert names == {"SourceError", "PageFailedError", "RefusedError", "ReadAgainError", "ValueError"}
