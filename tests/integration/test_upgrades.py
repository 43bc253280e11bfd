"""A warehouse of the first version, with data that its own code has loaded, under today's code."""

import gzip
from pathlib import Path

import psycopg
import pytest

from demo.shapes import ONE_YEAR
from tests.integration.conftest import crime
from tests.integration.main_here import run_main_here

FIRST = Path(__file__).parent / "older" / "first.sql.gz"
CRIMES = ONE_YEAR.id


@pytest.fixture
def first(world, postgres):
    """Give the world with a warehouse of the first version, and the source that it was loaded from."""
    name = world.environment["DATABASE_NAME"]
    with psycopg.connect(postgres.conninfo("postgres"), autocommit=True) as connection:
        connection.execute(f'drop database "{name}" with (force)')
        connection.execute(f"create database \"{name}\" template template0 encoding 'UTF8' locale 'C'")
    world.query(gzip.decompress(FIRST.read_bytes()).decode())
    weeks = [
        crime(f"JH{day}{n:04}", f"2023-12-{day}T1{n}:00:00.000") for day in (11, 18, 25) for n in range(3)
    ]
    ids = world.store.insert(
        CRIMES, [*weeks, crime("JH990000", "2023-12-26T10:00:00.000", ward="99")], at=world.now()
    )
    world.store.withdraw(CRIMES, [ids[0]], at=world.now())
    world.store.recreate(CRIMES, [ids[1]], {"arrest": "Y"}, at=world.now())
    return world


def kept(world):
    """What a warehouse holds, and since when: of crimes, history and quarantine."""
    crimes = "select case_number, arrest::text, loaded_at from chicago.crimes"
    history = "select case_number, reason, retired_at from chicago.crime_history"
    aside = "select raw ->> 'case_', reasons[1], first_seen_at from pipeline.rejected_rows"
    return set(world.query(f"{crimes} union all {history} union all {aside}"))


def test_a_warehouse_of_the_first_version_is_brought_up_to_date_with_all_that_it_holds(first, monkeypatch):
    """Also an analyst's views, on a table and on a view that has to change."""
    world, before = first, kept(first)
    assert len(before) == 11
    monkeypatch.setenv("FRESHNESS_DAYS", "99999")
    world.query(
        "create schema ann; create view ann.mine as select district, count(*) from chicago.crimes group by 1;"
        " create view ann.days as select * from chicago.daily_crimes"
    )
    assert "of an older version" in run_main_here(world, "status").said
    world.store.insert(CRIMES, [crime("JH880000")], at=world.now())
    ended = run_main_here(world)
    assert ended.code == 0, ended.said
    # Views of others stand as they did, on a table and on a view that was made anew.
    assert world.query("select * from ann.mine") == [(1, 10)]
    assert world.value("select sum(crimes) from ann.days") == 10
    assert run_main_here(world, "--mode", "reconcile").code == 0
    assert before < kept(world)
    assert len(kept(world)) == 12
    assert world.value("select sum(crimes) from chicago.daily_crimes") == 10
    ended = run_main_here(world, "status", "--recount")
    assert ended.code == 0, ended.said
    assert "all counted anew: what is stored is the same" in ended.said
