"""Requests: which windows a run takes, and how many at a time, where the user says nothing and where he does."""

from datetime import date

import pytest

from tasks.errors import UsageError
from tasks.request import make_request
from tasks.settings import Settings

ONE_YEAR, WHOLE_HISTORY = "x2n5-8w5q", "ijzp-q8t2"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch):
    """Take away whatever this machine has set."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def request(dataset, window_days=None, max_concurrency=None, fan_out=0, start=None, **settings):
    """Return what a run of this dataset is asked for; settings: of the environment."""
    given = Settings(_env_file=None, crimes_dataset=dataset, **settings)
    return make_request(
        given, "auto", start, None, window_days, max_concurrency, accept_retirements=False, fan_out=fan_out
    )


def windows(made):
    """Return what a request says of its windows."""
    return made.by_rows, made.window_days, made.max_concurrency


def test_the_one_year_set_has_weeks_and_four_at_once():
    assert windows(request(ONE_YEAR)) == (False, 7, 4)


def test_windows_of_the_whole_history_are_sized_by_rows_and_two_at_once():
    assert windows(request(WHOLE_HISTORY)) == (True, 7, 2)
    assert windows(request(WHOLE_HISTORY, start=date(2026, 5, 1))) == (True, 7, 2)


@pytest.mark.parametrize("dataset", [ONE_YEAR, WHOLE_HISTORY])
@pytest.mark.parametrize("given", [{"window_days": 7}, {"window_days": 14}])
def test_days_that_a_user_gives_win_and_four_are_at_once(dataset, given, monkeypatch):
    assert windows(request(dataset, **given)) == (False, given["window_days"], 4)
    monkeypatch.setenv("WINDOW_DAYS", str(given["window_days"]))
    assert windows(request(dataset)) == (False, given["window_days"], 4)


@pytest.mark.parametrize("number", [1, 4, 32])
def test_a_number_of_windows_that_a_user_gives_wins(number, monkeypatch):
    assert windows(request(WHOLE_HISTORY, max_concurrency=number)) == (True, 7, number)
    monkeypatch.setenv("MAX_CONCURRENCY", str(number))
    assert windows(request(WHOLE_HISTORY)) == (True, 7, number)
    assert windows(request(ONE_YEAR)) == (False, 7, number)


def test_the_command_line_wins_over_the_settings(monkeypatch):
    monkeypatch.setenv("WINDOW_DAYS", "3")
    monkeypatch.setenv("MAX_CONCURRENCY", "5")
    assert windows(request(WHOLE_HISTORY, window_days=9, max_concurrency=6)) == (False, 9, 6)


@pytest.mark.parametrize(("fan_out", "of_each"), [(1, 2), (2, 1), (3, 1)])
def test_flow_runs_that_share_windows_by_rows_have_four_together_and_two_each_at_most(fan_out, of_each):
    """Memory is a process's; the portal's requests and the database's sessions are the run's, as before."""
    made = request(WHOLE_HISTORY, fan_out=fan_out)
    assert (made.max_concurrency, made.windows_of_each) == (4, of_each)


def test_more_flow_runs_than_windows_are_refused_by_rows_too():
    with pytest.raises(UsageError, match="Give --max-concurrency 5, or more"):
        request(WHOLE_HISTORY, fan_out=4)
