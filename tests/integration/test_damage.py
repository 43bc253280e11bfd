"""What is damaged already is found: content that differs under the same id and version is repaired, and no revision.

Damage is done by hand, behind the loader's back: text as LATIN1 made of it, numbers, a date. The days that are compared
by content have their turn, the longest ago first; `--mode reconcile` compares all. The whole history:
test_fingerprint_audit.py.
"""

import pytest

from demo.shapes import ONE_YEAR
from tasks.run import connections
from tasks.warehouse.views import refresh_views
from tests.integration.conftest import crime
from tests.integration.main_here import run_main_here

CRIMES = ONE_YEAR.id
CAFE = "CAFÉ – Ł"  # noqa: RUF001 - a dash as a person types it
# By case: how what we hold of it is damaged. The first is what a LATIN1 session made of CAFE.
DAMAGES = {
    "JH000001": "block = convert_from(convert_to(block, 'UTF8'), 'LATIN1')",
    "JH000002": "latitude = latitude + 0.000001, longitude = -87.5",
    "JH000003": "x_coordinate = 1150000, y_coordinate = 1870000, district = 9, ward = 3, arrest = true",
    "JH000004": "primary_description = 'BATTERY', iucr = '0486', fbi_code = '08B', domestic = null::boolean is null",
    "JH000005": "date_of_occurrence = '2023-12-01 03:00'",
}


@pytest.fixture
def loaded(world, monkeypatch):
    """Give a warehouse of six days with a crime each, proven equal."""
    monkeypatch.setenv("FRESHNESS_DAYS", "99999")
    rows = [crime(f"JH00000{n}", f"2024-01-0{n}T10:00:00.000", block=CAFE) for n in range(1, 7)]
    world.store.insert(CRIMES, rows, at=world.now())
    assert run_main_here(world).code == 0
    return world


def damage(world, *cases):
    """Damage what we hold, and let it be counted like that: as if it had been loaded so."""
    for case in cases or DAMAGES:
        world.query(f"update chicago.crimes set {DAMAGES[case]} where case_number = '{case}'")
    world.query("delete from pipeline.counts_state")
    refresh_views(connections.warehouse())
    connections.close()


def assert_right(world):
    """Every row is as published, the history tells of nothing, and every count is that of the rows."""
    world.assert_holds_source()
    crimes = len(world.store.rows(CRIMES))
    rows = "select date_of_occurrence::date, district, count(*) from chicago.crimes group by 1, 2"
    counts = "select date, district, crimes from pipeline.daily_counts"
    assert world.query(f"({rows} except {counts}) union all ({counts} except {rows})") == []
    assert world.query("select primary_type, sum(crimes)::int from chicago.place_cube group by 1") == [
        ("THEFT", crimes)
    ]
    assert world.query("select sum(crimes)::int, count(*) from chicago.crime_map_cells") == [(crimes, 1)]
    assert world.query("select sum(crimes)::int from pipeline.hour_counts where hour = 10") == [(crimes,)]


def repaired(world):
    """Return the rows that the newest run repaired, as its ledger says."""
    return world.query(
        "select coalesce(sum(repaired), 0)::int, coalesce(sum(updated), 0)::int, coalesce(sum(retired), 0)::int"
        " from pipeline.windows where run_id = (select run_id from pipeline.runs order by started_at desc limit 1)"
    )[0]


def test_an_unmoved_source_finds_damage_repairs_it_says_so_and_is_proven_equal(loaded):
    world = loaded
    before = world.query("select crime_id, loaded_at from chicago.crimes order by 1")
    damage(world)
    ended = run_main_here(world)
    assert ended.code == 0, ended.said
    assert repaired(world) == (5, 0, 0)
    assert "5 repaired (held otherwise than published, in the same version)" in ended.said
    assert (
        "proof      equal: the source holds 6 rows, we hold 6 (every row id and version compared)"
        in ended.said
    )
    assert world.query(
        "select round, damaged_rows, equal from pipeline.audits order by audit_id desc limit 2"
    ) == [
        (2, 0, True),
        (1, 5, False),  # four by content, and the date by census: nothing is left on its day
    ]
    assert world.query("select * from chicago.crime_history") == []
    assert world.query("select crime_id, loaded_at from chicago.crimes order by 1") == before
    assert_right(world)
    ended = run_main_here(world)
    assert (ended.code, repaired(world), world.last_run()["proof"]) == (0, (0, 0, 0), "unmoved")


def test_a_reconcile_repairs_every_row_and_what_the_city_revised_meanwhile_is_a_revision(loaded, monkeypatch):
    """The turn of no damaged day has come: it is the reconcile that compares them all. A plan says it before."""
    world = loaded
    monkeypatch.setenv("CONTENT_DAYS", "1")
    damage(world, "JH000002", "JH000003", "JH000004")
    (moved,) = [row for row in world.store.rows(CRIMES) if row["case_"] == "JH000004"]
    world.store.edit(CRIMES, moved[":id"], {"block": "002XX W LAKE ST"}, at=world.now())
    held = "select md5(string_agg(crimes::text, ',' order by crime_id)) from chicago.crimes"
    before = world.value(held)
    ended = run_main_here(world, "plan", "--mode", "reconcile")
    assert "would insert 0, re-key 0, update 1, leave 5 (repair 2 of them), reject 0, retire 0" in ended.said
    assert world.value(held) == before
    ended = run_main_here(world, "--mode", "reconcile")
    assert ended.code == 0, ended.said
    assert repaired(world) == (2, 1, 0)
    assert world.query("select case_number, reason, replaced_by = crime_id from chicago.crime_history") == [
        ("JH000004", "revised", True)
    ]
    assert_right(world)


def test_days_have_their_turn_the_longest_ago_first(loaded, monkeypatch):
    """One day a run: each run compares the next one, and a day that the source has moved on is not kept waiting."""
    world = loaded
    monkeypatch.setenv("CONTENT_DAYS", "2")
    turns = "select day::text from pipeline.compared_days where run_id = %s order by 1"
    # As after an upgrade: nothing is known of these two.
    world.query("delete from pipeline.compared_days where day in ('2024-01-05', '2024-01-06')")
    seen = []
    for case in ("JH000001", "JH000002", "JH000003"):
        damage(world, case)
    for _ in range(3):
        ended = run_main_here(world)
        assert ended.code == 0, ended.said
        seen.append(([day for (day,) in world.query(turns, world.last_run()["run_id"])], repaired(world)[0]))
    assert seen == [
        (["2024-01-05", "2024-01-06"], 0),
        (["2024-01-01", "2024-01-02"], 2),
        (["2024-01-03", "2024-01-04"], 1),
    ]
    assert_right(world)


def test_an_incremental_run_has_its_turn_too(loaded):
    world = loaded
    damage(world, "JH000001", "JH000003")
    world.store.insert(CRIMES, [crime("JH000007", "2024-01-07T10:00:00.000")], at=world.now())
    ended = run_main_here(world)
    assert ended.code == 0, ended.said
    assert world.last_run()["kind"] == "incremental"
    assert repaired(world)[0] == 2
    assert_right(world)


def test_a_repair_of_many_rows_waits_for_a_person(world, monkeypatch):
    """A repair keeps nothing of what we held, and a source that leaves a column out would be one, too."""
    monkeypatch.setenv("FRESHNESS_DAYS", "99999")
    rows = [crime(f"JH{n:06}", f"2024-01-0{1 + n % 3}T10:00:00.000") for n in range(90)]
    world.store.insert(CRIMES, rows, at=world.now())
    assert run_main_here(world).code == 0
    world.query("update chicago.crimes set block = 'ELSEWHERE'")
    ended = run_main_here(world, "--mode", "reconcile")
    assert ended.code == 1
    assert "90 of 90 rows have other content than we hold, in the same version" in ended.said
    assert "--mode reconcile --accept-retirements" in ended.said
    assert world.query("select distinct block from chicago.crimes") == [("ELSEWHERE",)]
    assert run_main_here(world, "--mode", "reconcile", "--accept-retirements").code == 0
    assert world.value("select count(*) from chicago.crimes where block = 'ELSEWHERE'") == 0
    assert world.query("select * from chicago.crime_history") == []


def test_a_row_held_as_accepted_that_the_contract_rejects_is_judged_again(loaded):
    """It is not passed over for having no content to compare: its window says what becomes of it."""
    world = loaded
    world.store.insert(CRIMES, [crime("JH000009", "2024-01-02T10:00:00.000", ward="99")], at=world.now())
    assert run_main_here(world).code == 0
    world.query(
        "insert into chicago.crimes select (jsonb_populate_record(crimes, jsonb_build_object("
        "'crime_id', rejected.crime_id, 'case_number', rejected.case_number, 'version', rejected.version))).*"
        " from chicago.crimes cross join pipeline.rejected_rows as rejected where crimes.case_number = 'JH000002'"
    )
    world.query("delete from pipeline.rejected_rows")
    ended = run_main_here(world)
    assert ended.code == 0, ended.said
    assert world.query("select case_number from pipeline.rejected_rows") == [("JH000009",)]
    assert world.value("select count(*) from chicago.crimes where case_number = 'JH000009'") == 0
