"""Which database `python -m demo` may begin anew."""

import pytest

from demo import __main__ as demo

SMALL = ["--rows", "300", "--days", "40", "--as-of", "2026-03-20"]


@pytest.fixture
def dropped(monkeypatch):
    """Give how often a database was dropped; the job itself is not run."""
    seen = []
    monkeypatch.setattr(demo, "begin_anew", lambda _environment: seen.append("demo") or 0)
    monkeypatch.setattr(demo, "run_main", lambda *_: 0)
    return seen


def test_a_new_city_of_the_demo_begins_with_a_new_database_and_one_that_lives_on_does_not(
    dropped, monkeypatch, tmp_path
):
    monkeypatch.setattr(demo, "STATE_FOLDER", tmp_path)
    assert demo.main(SMALL) == 0
    assert dropped == ["demo"]
    assert demo.main(SMALL) == 0
    assert dropped == ["demo"]


@pytest.mark.parametrize("named", [["--state", "another"], ["--database", "another"]])
def test_another_city_or_another_database_leaves_that_of_the_demo_alone(
    dropped, monkeypatch, tmp_path, named
):
    monkeypatch.setattr(demo, "STATE_FOLDER", tmp_path / "demo")
    monkeypatch.chdir(tmp_path)
    assert demo.main([*SMALL, *named]) == 0
    assert dropped == []
