"""The stand-in city is plausible, the same for a seed and a day, and lives on as the real record does."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from demo.city import FILE_NAME, City, as_of, build_history, city_of, load_of, main
from demo.occurrences import NEVER_DAYS, to_contents, to_degrees
from demo.shapes import HISTORY, ONE_YEAR
from demo.store import Store, to_stamp

AS_OF = date(2026, 3, 20)
YEAR = City(seed=7, rows=16_000, days=372)
SMALL = City(seed=7, rows=1000, days=60)


def frame_of(city: City, day: date) -> pd.DataFrame:
    names = [field.name for field in ONE_YEAR.all_fields[4:]]
    rows = [(to_stamp(load.created_at), to_stamp(load.updated_at), *row) for load, row in city.rows_at(day)]
    frame = pd.DataFrame(rows, columns=[":created_at", ":updated_at", *names])
    frame["at"] = pd.to_datetime(frame["date_of_occurrence"])
    frame["day"] = frame["at"].dt.normalize()
    load = pd.to_datetime(frame[":created_at"]).dt.tz_convert("America/Chicago").dt.tz_localize(None)
    frame["lag"] = (load.dt.normalize() - frame["day"]).dt.days
    return frame


def contents(store: Store) -> Counter[tuple[tuple[str, str], ...]]:
    rows = (
        {n: str(v) for n, v in row.items() if n not in (":id", ":version")} for row in store.rows(ONE_YEAR.id)
    )
    return Counter(tuple(sorted(row.items())) for row in rows)


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return frame_of(YEAR, AS_OF)


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with Store.temporary() as made:
        SMALL.build(made, AS_OF)
        yield made


def test_a_city_has_about_the_rows_asked_for(frame):
    assert 0.95 < len(frame) / YEAR.rows < 1.05


def test_it_spans_the_loads_instant_less_372_days_to_midnight_eight_days_before(frame):
    load = load_of(7, AS_OF)
    assert frame["at"].min() >= load.oldest - timedelta(days=372)
    assert frame["at"].min() < pd.Timestamp(2025, 3, 15)
    assert frame["at"].max() <= pd.Timestamp(2026, 3, 12)
    assert frame["day"].max() >= pd.Timestamp(2026, 3, 11)


def test_most_rows_are_there_by_the_ninth_day_and_some_come_late(frame):
    lag = frame.loc[frame["day"] < pd.Timestamp(2025, 10, 1), "lag"]
    assert (lag <= 9).mean() == pytest.approx(0.904, abs=0.015)
    assert (lag <= 21).mean() == pytest.approx(0.961, abs=0.015)
    assert (lag <= 45).mean() == pytest.approx(0.991, abs=0.008)
    assert frame["lag"].min() == 8


def test_loads_share_their_stamps_and_save_seconds_later(frame):
    created, updated = pd.to_datetime(frame[":created_at"]), pd.to_datetime(frame[":updated_at"])
    seconds = (updated - created).dt.total_seconds()
    assert seconds.between(3, 18).all()
    assert created.nunique() < 372
    local = created.dt.tz_convert("America/Chicago")
    assert set(local.dt.hour) == {5}
    assert set(local.dt.minute) <= {1, 2, 3}


def test_it_has_seasons_weekends_and_midnights(frame):
    by_month = (
        frame.groupby(frame["at"].dt.month).size() / frame.groupby(frame["at"].dt.month)["day"].nunique()
    )
    assert by_month[[6, 7, 8]].mean() > 1.08 * by_month[[12, 1, 2]].mean()
    violent = frame[frame["_primary_decsription"].isin(["BATTERY", "ASSAULT", "ROBBERY"])]
    assert violent["at"].dt.hour.isin([20, 21, 22, 23, 0, 1]).mean() > 0.3
    midnight = (frame["at"].dt.hour == 0) & (frame["at"].dt.minute == 0)
    assert midnight.mean() == pytest.approx(0.034, abs=0.008)
    assert midnight[frame["at"].dt.day == 1].mean() > 1.5 * midnight.mean()


def test_rates_and_gaps_are_those_of_the_record(frame):
    assert (frame["arrest"] == "Y").mean() == pytest.approx(0.12, abs=0.02)
    assert (frame["domestic"] == "Y").mean() == pytest.approx(0.17, abs=0.02)
    assert 0.005 < frame["latitude"].isna().mean() < 0.02
    assert 0.001 < frame["_location_description"].isna().mean() < 0.006
    assert frame["_primary_decsription"].value_counts().index[0] == "THEFT"
    narcotics = frame[frame["_primary_decsription"] == "NARCOTICS"]
    assert (narcotics["arrest"] == "Y").mean() > 0.8
    assert (frame["block"] != frame["block"].str.upper()).any()
    assert frame["x_coordinate"].dropna().astype(str).str.fullmatch(r"\d+").all()


def test_points_lie_in_the_city_or_are_the_known_bad_one(frame):
    located = frame.dropna(subset=["latitude"])
    bad = located["x_coordinate"] == "0"
    latitude, longitude = located["latitude"], located["longitude"]
    assert latitude[~bad].between(41.60, 42.10).all()
    assert longitude[~bad].between(-88.00, -87.50).all()
    assert 0 < bad.sum() < 40
    assert set(zip(latitude[bad], longitude[bad], strict=True)) <= {(36.6194464, -91.6865657)}
    points = located["location"].map(json.loads)
    assert (points.map(lambda point: float(point["latitude"])) == latitude).all()
    assert (points.map(lambda point: float(point["longitude"])) == longitude).all()


def test_feet_become_degrees_as_the_city_has_them():
    latitude, longitude = to_degrees(np.array([1158191.0, 0.0]), np.array([1860431.0, 0.0]))
    assert latitude == pytest.approx([41.772764607, 36.6194464], abs=2e-7)
    assert longitude == pytest.approx([-87.695668936, -91.6865657], abs=5e-6)


def test_the_odd_rows_are_there():
    frame = frame_of(City(rows=20_000, days=120), date(2026, 4, 1))
    assert {1650, 3100} <= set(frame["beat"])
    assert {"142C", "049X"} & set(frame["_iucr"])
    assert (frame["x_coordinate"] == "0").any()
    assert (frame["at"] == pd.Timestamp(2026, 3, 8, 2, 30)).sum() == 1
    assert not frame["at"].between(pd.Timestamp(2026, 3, 8, 2, 31), pd.Timestamp(2026, 3, 8, 2, 59)).any()
    new_year = frame[frame["at"] == pd.Timestamp(2026, 1, 1)]
    assert len(new_year) > 0.08 * (frame["day"] == pd.Timestamp(2026, 1, 1)).sum()
    shared = frame[frame["case_"].duplicated(keep=False) & (frame["_primary_decsription"] == "HOMICIDE")]
    assert len(shared) >= 2
    assert shared.duplicated().any()


def test_case_numbers_carry_the_year_and_hardly_repeat(frame):
    assert set(frame["case_"].str[:2]) == {"JJ", "JK"}
    assert frame["case_"].str.fullmatch(r"J[JK]\d{6}").all()
    others = frame[frame["_primary_decsription"] != "HOMICIDE"]
    assert others["case_"].duplicated().mean() < 0.001


def test_a_seed_and_a_day_give_one_city_and_another_seed_another(store):
    with Store.temporary() as again, Store.temporary(seed=8) as other:
        SMALL.build(again, AS_OF)
        City(seed=8, rows=SMALL.rows, days=SMALL.days).build(other, AS_OF)
        assert again.rows(ONE_YEAR.id) == store.rows(ONE_YEAR.id)
        assert not {row[":id"] for row in other.rows(ONE_YEAR.id)} & {
            row[":id"] for row in store.rows(ONE_YEAR.id)
        }


def test_a_city_that_lived_on_equals_one_built_later():
    city = City(seed=5, rows=3000, days=80)
    with Store.temporary(seed=5) as lived, Store.temporary(seed=5) as built:
        city.build(lived, AS_OF - timedelta(days=3))
        assert city.live_on(lived, 3) == AS_OF == as_of(lived)
        city.build(built, AS_OF)
        assert contents(lived) == contents(built)


def test_a_day_brings_new_late_recreated_withdrawn_and_aged_rows():
    city = City(seed=5, rows=6000, days=60)
    with Store.temporary(seed=5) as store:
        city.build(store, AS_OF)
        before = {row[":id"]: row for row in store.rows(ONE_YEAR.id)}
        city.live_on(store)
        after = {row[":id"]: row for row in store.rows(ONE_YEAR.id)}
    new = [row for row_id, row in after.items() if row_id not in before]
    gone = [row for row_id, row in before.items() if row_id not in after]
    oldest = city.oldest(load_of(5, AS_OF + timedelta(days=1)))
    aged = [row for row in gone if datetime.fromisoformat(row["date_of_occurrence"]) < oldest]
    came_back = {row["case_"] for row in new}
    recreated = [row for row in gone if row["case_"] in came_back]
    withdrawn = [row for row in gone if row not in aged and row not in recreated]
    fresh = {row["case_"] for row in new} - {row["case_"] for row in gone}
    late = [row for row in new if row["case_"] in fresh and row["date_of_occurrence"] < "2026-03-12"]
    assert len(aged) > 50
    assert len(recreated) >= 2
    assert len(withdrawn) >= 1
    assert len(fresh) > 50
    assert 2 < len(late) < len(fresh) / 3
    assert {row[":created_at"][:10] for row in new} == {"2026-03-21"}
    assert all(after[row_id] == before[row_id] for row_id in after.keys() & before.keys())


def test_a_recreated_row_has_its_point_its_arrest_or_another_code():
    names = [field.name for field in ONE_YEAR.all_fields[4:]]
    changed: Counter[str] = Counter()
    for age in range(60):
        drawn = YEAR.draw(AS_OF - timedelta(days=age))
        rows = np.flatnonzero(drawn.changed < NEVER_DAYS)
        was, is_now = (
            to_contents(drawn, rows, at_first=np.full(len(rows), first)) for first in (True, False)
        )
        for old, new in zip(was, is_now, strict=True):
            differing = {n for n, before, after in zip(names, old, new, strict=True) if before != after}
            changed.update(differing & {"latitude", "arrest", "_iucr"})
            assert differing
    assert changed["latitude"] > changed["arrest"] > changed["_iucr"] > 0


def test_a_store_remembers_its_city(store):
    assert city_of(store) == SMALL
    with Store.temporary(seed=1) as other:
        City(seed=2, rows=50, days=20).build(other, AS_OF)
        assert city_of(other).seed == 2
    with Store.temporary() as empty, pytest.raises(ValueError, match="holds no city"):
        as_of(empty)


@pytest.mark.parametrize("wrong", [{"rows": 0}, {"days": 9}, {"rows": 900_000}])
def test_an_impossible_city_is_refused(wrong):
    with pytest.raises(ValueError, match="a city"):
        City(**wrong)


def test_the_whole_history_has_its_own_fields():
    with Store.temporary() as store:
        count = build_history(City(rows=4000), store, date(2002, 1, 1), date(2002, 1, 20))
        rows = store.rows(HISTORY.id)
    assert len(rows) == count > 100
    assert len({row["id"] for row in rows}) == count
    row = next(row for row in rows if "latitude" in row)
    assert row["case_number"].startswith("HH")
    assert isinstance(row["arrest"], bool)
    assert len(row["beat"]) == 4
    assert row["district"] == f"{int(row['beat'][:2]):03d}"
    assert all("ward" not in row for row in rows)


def test_the_command_builds_once_and_lives_on(tmp_path, capsys):
    options = ["--state", str(tmp_path), "--rows", "300", "--days", "40", "--as-of", "2026-03-20"]
    assert main(options) == 0
    assert "as of the load of 2026-03-20" in capsys.readouterr().out
    assert main([*options, "--live-on", "2"]) == 0
    assert "as of the load of 2026-03-22" in capsys.readouterr().out
    with Store(tmp_path / FILE_NAME) as store:
        before = contents(store)
        ids = {row[":id"] for row in store.rows(ONE_YEAR.id)}
    assert main([*options, "--recreate-all"]) == 0
    with Store(tmp_path / FILE_NAME) as store:
        assert not ids & {row[":id"] for row in store.rows(ONE_YEAR.id)}
        assert sum(contents(store).values()) == sum(before.values())
    assert [path.name for path in tmp_path.iterdir() if "unfinished" in path.name] == []


def test_the_command_says_in_one_line_what_is_wrong(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["--state", str(tmp_path / "file")]) == 1
    assert main(["--state", str(tmp_path), "--rows", "9000000"]) == 1
    (tmp_path / FILE_NAME).write_text("this is no city at all " * 100)
    assert main(["--state", str(tmp_path)]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 3
