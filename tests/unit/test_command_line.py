"""Wrong use of main.py ends before anything is opened: exit code 2, and one line that says what is wrong."""

import logging

import pytest

from tasks.commands.command_line import run_command
from tasks.errors import UsageError
from tasks.run import connections


@pytest.fixture(autouse=True)
def _as_found(monkeypatch):
    """Read no .env, and leave the log as it was."""
    monkeypatch.setenv("ENV_FILE", "")
    ours = logging.getLogger("tasks")
    before = list(ours.handlers), ours.level, ours.propagate
    yield
    ours.handlers, ours.level, ours.propagate = before
    connections.close()


def must_not_run(*_, **__):
    raise AssertionError("the flow was started")


def exit_code(*arguments):
    """Return the exit code of main.py with these arguments."""
    try:
        return run_command(arguments, must_not_run)
    except SystemExit as end:
        return end.code


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--start", "2026-02-30"], "'2026-02-30' is not a date; write it like 2026-01-31"),
        (["--end", "yesterday"], "'yesterday' is not a date"),
        (["--start", "2026-02-01", "--end", "2026-01-01"], "start 2026-02-01 is not before end 2026-01-01"),
        (["--start", "2026-02-01", "--end", "2026-02-01"], "the end is excluded"),
        (["--mode", "weekly"], "invalid choice: 'weekly'"),
        (["--mode", "incremental", "--start", "2026-01-01"], "takes no start or end"),
        (["--window-days", "0"], "window_days is 0; it has to be 1 to 366"),
        (["--window-days", "week"], "invalid int value: 'week'"),
        (["--max-concurrency", "-1"], "max_concurrency is -1; it has to be 1 to 32"),
        (["--max-concurrency", "1000"], "it has to be 1 to 32"),
        (["--fan-out", "4", "--max-concurrency", "4"], "Give --max-concurrency 5, or more"),
        (["load"], "invalid choice: 'load'"),
        (["--accept"], "unrecognized arguments: --accept"),
        (["plan", "--start", "2026-02-01", "--end", "2026-01-01"], "is not before end"),
    ],
)
def test_wrong_use_ends_with_2_and_one_line(arguments, said, capsys):
    assert exit_code(*arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("main.py: ")
    assert err.count("\n") == 1
    assert said in err


def test_a_wrong_setting_is_wrong_use_and_named(capsys, monkeypatch):
    monkeypatch.setenv("WINDOW_DAYS", "often")
    assert exit_code() == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "WINDOW_DAYS" in line
    assert ".env.example" in line


def test_a_secret_in_a_wrong_setting_is_not_said(capsys, monkeypatch):
    monkeypatch.setenv("APP_TOKEN", "a token with spaces")
    assert exit_code() == 2
    assert "spaces" not in capsys.readouterr().err


def test_an_env_file_that_is_not_there_is_wrong_use(capsys, monkeypatch):
    monkeypatch.setenv("ENV_FILE", "no/such/file")
    assert exit_code() == 2
    assert "ENV_FILE: there is no file no/such/file" in capsys.readouterr().err


def test_help_ends_with_0_and_names_the_exit_codes(capsys):
    assert exit_code("--help") == 0
    assert "Exit code: 0 done or skipped" in " ".join(capsys.readouterr().out.split())


def test_an_error_of_usage_inside_the_run_is_wrong_use_too(capsys, monkeypatch):
    def refuse(*_, **__):
        raise UsageError("it makes no sense")

    monkeypatch.setattr("tasks.commands.command_line.make_request", refuse)
    assert exit_code() == 2
    assert capsys.readouterr().err == "main.py: it makes no sense\n"
