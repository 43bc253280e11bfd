# ruff: noqa: F811  (the fixtures of views_support)
"""Each view against an independent computation in pandas, on a generated year and on the City's own rows."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tasks.contract.dates import dates
from tasks.contract.reference import read_bundled
from tests.integration.views_support import (
    generated_city,
    load_city,
    read,
    real_city,
    views_engine,  # noqa: F401
)

SPELLINGS = {"CRIM SEXUAL ASSAULT": "CRIMINAL SEXUAL ASSAULT", "NON - CRIMINAL": "NON-CRIMINAL"}
VIOLENT = {"01A": "homicides", "02": "sexual_assaults", "03": "robberies", "04A": "aggravated_assaults"}
VIOLENT["04B"] = "aggravated_batteries"
PROPERTY = {"05", "06", "07", "09"}
# Two decimals of a number, four of a share.
NUMBER, SHARE = 0.00501, 0.0000501


def real(request):
    return real_city(request.getfixturevalue("real_rows"))


def made(_request):
    # From 5 January 2023 in the morning, so that the first day is not whole; 440 days, to compare with a
    # year before.
    crimes = generated_city(seed=7, first="2023-01-05T05:05", days=440, per_day=40)
    first_day = crimes["date_of_occurrence"] < "2023-01-05T05:05"
    gap = crimes["date_of_occurrence"].dt.date.astype("str").between("2023-08-10", "2023-08-14")
    return crimes[~first_day & ~gap]


@pytest.fixture(scope="module", params=[made, real], ids=["generated", "real"])
def crimes(request, views_engine):
    """Give the crimes that the views stand over, with what the oracle derives from each row by itself."""
    rows = request.param(request)
    load_city(views_engine, rows)
    moment = rows["date_of_occurrence"]
    oldest = moment.min()
    first = oldest.normalize() + pd.Timedelta(days=0 if oldest == oldest.normalize() else 1)
    last = rows["updated_at"].max().tz_convert("America/Chicago").tz_localize(
        None
    ).normalize() - pd.Timedelta(days=21)
    day = moment.dt.normalize()
    return rows.assign(
        date=day,
        complete=day.between(first, last),
        violent=rows["fbi_code"].isin(list(VIOLENT)),
        property=rows["fbi_code"].isin(PROPERTY),
        kind=rows["primary_description"].replace(SPELLINGS),
        unknown_time=moment == day,
        placeholder=(moment - day).isin([pd.Timedelta(0), pd.Timedelta(minutes=1)]),
        noon=moment - day == pd.Timedelta(hours=12),
    )


@pytest.fixture(scope="module")
def days(crimes):
    """Give one row a day held, with its counts and its calendar."""
    counts = crimes.groupby("date").agg(
        crimes=("date", "size"),
        violent=("violent", "sum"),
        property=("property", "sum"),
        arrests=("arrest", "sum"),
        domestic=("domestic", "sum"),
        complete=("complete", "first"),
        placeholder=("placeholder", "sum"),
    )
    of_time = crimes[crimes["placeholder"] & crimes["violent"]].groupby("date").size()
    counts["violent_placeholder"] = of_time.reindex(counts.index, fill_value=0)
    first = counts.index.day == 1
    counts["known"] = counts["crimes"] - counts["placeholder"].where(first, 0)
    counts["known_violent"] = counts["violent"] - counts["violent_placeholder"].where(first, 0)
    calendar = dates(counts.index.min().date(), counts.index.max().date()).set_index("date")
    return counts.join(calendar[["holiday_name", "actual_holiday_name", "day_of_week", "month", "year"]])


def assert_close(actual, expected, tolerance):
    """Compare two sequences of numbers, null with null."""
    actual = pd.Series(list(actual), dtype="Float64").astype("float64").to_numpy()
    expected = pd.Series(list(expected), dtype="float64").to_numpy()
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance, equal_nan=True)


def ranked(values):
    return values.rank(method="min", ascending=False)


GROUPINGS = [
    ("crimes_enriched", "count(*)"),
    ("daily_cube", "sum(crimes)"),
    ("daily_crimes", "sum(crimes)"),
    ("place_cube", "sum(crimes)"),
    ("hour_cube", "sum(crimes)"),
    ("crimes_by_day_of_week", "sum(crimes)"),
    ("crimes_by_month", "sum(crimes)"),
    ("crime_growth_by_month", "sum(crimes)"),
    ("crimes_by_time_of_day", "sum(crimes)"),
    ("crimes_by_hour", "sum(crimes)"),
    ("holiday_vs_non_holiday_crimes", "sum(crimes)"),
    ("police_rank_by_arrest", "sum(total_crimes)"),
    ("crimes_by_district", "sum(crimes)"),
    ("crime_types_by_district", "sum(crimes)"),
    ("ward_crimes_summary", "sum(total_crimes)"),
    ("crime_map_cells", "sum(crimes)"),
    ("crime_map_totals", "sum(crimes)"),
]


@pytest.mark.parametrize(("view", "total"), GROUPINGS)
def test_the_sum_over_any_grouping_is_the_row_count(views_engine, crimes, view, total):
    assert read(views_engine, f"select {total} as total from chicago.{view}")["total"].item() == len(crimes)


@pytest.mark.parametrize(
    ("view", "total"),
    [
        ("daily_crimes", "sum(violent)"),
        ("violent_crimes_by_beat", "sum(violent_crimes)"),
        ("ward_crimes_summary", "sum(violent)"),
        ("crimes_by_district", "sum(violent)"),
        ("crime_map_cells", "sum(crimes) filter (where is_violent or cell_x is null)"),
    ],
)
def test_violent_crimes_add_up_however_they_are_grouped(views_engine, crimes, view, total):
    expected = crimes["violent"].sum()
    if view == "crime_map_cells":
        expected = (crimes["violent"] | crimes["x_coordinate"].isna() | crimes["y_coordinate"].isna()).sum()
    assert read(views_engine, f"select {total} as total from chicago.{view}")["total"].item() == expected


def test_daily_crimes(views_engine, days):
    actual = read(views_engine, "select * from chicago.daily_crimes order by date")
    assert pd.to_datetime(actual["date"]).tolist() == days.index.tolist()
    for column in ("crimes", "violent", "property", "arrests", "domestic"):
        assert actual[column].tolist() == days[column].tolist()
    assert actual["is_complete"].tolist() == days["complete"].tolist()
    for column, expected in {
        "crimes_at_placeholder_time": days["placeholder"],
        "violent_at_placeholder_time": days["violent_placeholder"],
        "crimes_of_unknown_day": days["crimes"] - days["known"],
        "violent_of_unknown_day": days["violent"] - days["known_violent"],
    }.items():
        assert actual[column].tolist() == expected.tolist()
    every_day = days["crimes"].where(days["complete"]).asfreq("D")
    for width in (7, 28):
        means = every_day.rolling(width, min_periods=width).mean().reindex(days.index)
        assert_close(actual[f"mean_{width}_days"], means, NUMBER)


@pytest.mark.parametrize(
    ("view", "key"), [("crimes_by_day_of_week", "day_of_week"), ("crimes_by_month", "month")]
)
def test_days_of_the_week_and_months_of_the_year(views_engine, days, view, key):
    actual = read(views_engine, f"select * from chicago.{view} order by {key}").set_index(key)
    if key == "day_of_week":
        unknown = actual.loc[actual.index.isna()]
        assert unknown["crimes"].tolist() == [(days["crimes"] - days["known"]).sum()]
        assert unknown[["crimes_per_day", "rank"]].isna().to_numpy().all()
        actual = actual.loc[actual.index.notna()]
        # Weekdays are compared by the crimes of which the day is known.
        days = days.assign(crimes=days["known"], violent=days["known_violent"])
    assert len(actual) == {"day_of_week": 7, "month": 12}[key]
    complete = days[days["complete"]].groupby(key)
    index = actual.index
    assert actual["days"].tolist() == complete.size().reindex(index, fill_value=0).tolist()
    assert (
        actual["crimes"].tolist() == days.groupby(key)["crimes"].sum().reindex(index, fill_value=0).tolist()
    )
    assert_close(actual["crimes_per_day"], complete["crimes"].mean().reindex(index), NUMBER)
    assert_close(actual["violent_per_day"], complete["violent"].mean().reindex(index), NUMBER)
    assert_close(actual["rank"], ranked(complete["crimes"].mean()).reindex(index), 0)


def test_growth_by_month(views_engine, days):
    actual = read(views_engine, "select * from chicago.crime_growth_by_month order by year, month")
    periods = pd.PeriodIndex(days.index, freq="M")
    crimes = days["crimes"].groupby(periods).sum()
    complete = days[days["complete"]].groupby(periods[days["complete"]])["crimes"]
    rate = complete.mean().reindex(crimes.index)
    whole = complete.size().reindex(crimes.index, fill_value=0) == crimes.index.days_in_month
    whole_rate = rate.where(whole)
    previous = whole_rate.reindex(crimes.index - 1).set_axis(crimes.index)
    year_before = whole_rate.reindex(crimes.index - 12).set_axis(crimes.index)
    assert list(zip(actual["year"], actual["month"], strict=True)) == [
        (month.year, month.month) for month in crimes.index
    ]
    assert actual["crimes"].tolist() == crimes.tolist()
    assert actual["is_complete"].tolist() == whole.tolist()
    assert_close(actual["crimes_per_day"], rate, NUMBER)
    assert_close(actual["previous_crimes_per_day"], previous, NUMBER)
    assert_close(actual["growth_pct"], 100 * (whole_rate / previous - 1), NUMBER)
    assert_close(actual["same_month_last_year_per_day"], year_before, NUMBER)
    assert_close(actual["year_growth_pct"], 100 * (whole_rate / year_before - 1), NUMBER)


def test_times_of_day_and_hours(views_engine, crimes, days):
    times = read(views_engine, "select * from chicago.crimes_by_time_of_day").set_index("time_of_day")
    hours = crimes["date_of_occurrence"].dt.hour
    names = pd.Series(np.array(["night", "morning", "afternoon", "evening"])[hours // 6], index=crimes.index)
    names = names.mask(crimes["unknown_time"], "unknown")
    assert times["crimes"].to_dict() == {
        name: int((names == name).sum()) for name in ("night", "morning", "afternoon", "evening", "unknown")
    }
    complete_hours = 6 * int(days["complete"].sum())
    assert times["hours"].dropna().tolist() == [complete_hours] * 4
    rates = names[crimes["complete"]].value_counts().div(complete_hours).drop("unknown")
    assert_close(times["crimes_per_hour"].reindex(rates.index), rates, NUMBER)
    assert_close(times["rank"].reindex(rates.index), ranked(rates), 0)
    assert pd.isna(times.loc["unknown", "rank"])
    assert_close(times["share"], times["crimes"] / len(crimes), SHARE)

    by_hour = read(views_engine, "select * from chicago.crimes_by_hour order by hour")
    assert by_hour["crimes"].tolist() == hours.value_counts().reindex(range(24), fill_value=0).tolist()
    assert by_hour["crimes_at_unknown_time"].tolist() == [int(crimes["unknown_time"].sum())] + [0] * 23
    known = hours[~crimes["unknown_time"]].value_counts().reindex(range(24), fill_value=0)
    assert_close(by_hour["share_of_known_times"], known / known.sum(), SHARE)

    real, whole = ~crimes["placeholder"], crimes["complete"]
    for view, key in (("crimes_by_hour", hours), ("crimes_by_time_of_day", names)):
        column = "hour" if view == "crimes_by_hour" else "time_of_day"
        actual = read(views_engine, f"select * from chicago.{view}").set_index(column)
        for name, of in (("crimes_at_placeholder_time", ~real), ("crimes_at_exact_noon", crimes["noon"])):
            assert (
                actual[name].to_dict() == key[of].value_counts().reindex(actual.index, fill_value=0).to_dict()
            )
    stated = hours[real].value_counts().reindex(range(24), fill_value=0)
    assert_close(by_hour["share_without_placeholders"], stated / stated.sum(), SHARE)
    rates = names[real & whole].value_counts().div(complete_hours)
    assert_close(times["crimes_per_hour_without_placeholders"].reindex(rates.index), rates, NUMBER)
    assert_close(times["rank_without_placeholders"].reindex(rates.index), ranked(rates), 0)

    week = read(views_engine, "select * from chicago.crimes_by_weekday_and_hour order by day_of_week, hour")
    key = [crimes["date"].dt.day_of_week + 1, hours]
    cells = pd.MultiIndex.from_product([range(1, 8), range(24)])
    for name, of in (("crimes_at_placeholder_time", ~real), ("crimes_at_exact_noon", crimes["noon"])):
        assert week[name].tolist() == of.groupby(key).sum().reindex(cells, fill_value=0).tolist()
    per_day = (real & whole).groupby(key).sum().reindex(cells, fill_value=0).to_numpy() / week["days"]
    assert_close(week["crimes_per_day_without_placeholders"], per_day.where(week["days"] > 0), NUMBER)


def test_holidays(views_engine, days):
    actual = read(views_engine, "select * from chicago.crimes_by_holiday").set_index(
        ["holiday_name", "basis"]
    )
    assert len(actual) == 26
    calendar = dates(days.index.min().date(), days.index.max().date()).set_index("date")
    is_holiday = calendar["holiday_name"].notna() | calendar["actual_holiday_name"].notna()
    changes, dated = {}, []
    for (name, basis), row in actual.iterrows():
        column = {"actual": "actual_holiday_name", "observed": "holiday_name"}[basis]
        own = days[days[column] == name]
        held = own[own["complete"]]
        assert (row["holidays"], row["crimes"]) == (len(held), own["crimes"].sum())
        pairs = []
        for day in held.index:
            around = [day + pd.Timedelta(days=7 * week) for week in range(-4, 5) if week]
            ordinary = days.reindex(
                [other for other in around if not is_holiday.get(other, False) and other.day != 1]
            )
            # On the first of a month neither side has the crimes at 00:00 and 00:01.
            left_out = [("placeholder", "violent_placeholder")] if day.day == 1 else []
            crimes, violent = ordinary["crimes"], ordinary["violent"]
            for of_crimes, of_violent in left_out:
                crimes, violent = crimes - ordinary[of_crimes], violent - ordinary[of_violent]
            if (ordinary["complete"] == True).all():  # noqa: E712
                pairs.append((days.loc[day, "known"], crimes.mean(), violent.mean()))
                dated.append((day, basis, days.loc[day, "known"], len(ordinary), crimes.mean()))
        assert row["compared_holidays"] == len(pairs)
        expected = np.mean([pair[1] for pair in pairs]) if pairs else np.nan
        changes[name, basis] = (
            100 * (np.mean([pair[0] for pair in pairs]) / expected - 1) if pairs else np.nan
        )
        assert_close(
            [row["crimes_per_day"], row["violent_per_day"], row["expected_per_day"], row["change_pct"]],
            [held["crimes"].mean(), held["violent"].mean(), expected, changes[name, basis]],
            NUMBER,
        )
        compared = np.mean([pair[0] for pair in pairs]) if pairs else np.nan
        assert_close([row["compared_per_day"]], [compared], NUMBER)
    for basis in ("actual", "observed"):
        of_basis = pd.Series({name: change for (name, other), change in changes.items() if other == basis})
        assert_close(actual.xs(basis, level="basis")["rank"].reindex(of_basis.index), ranked(of_basis), 0)

    by_date = read(views_engine, "select * from chicago.crimes_by_holiday_date where expected is not null")
    by_date = by_date.set_index([pd.to_datetime(by_date["date"]), "basis"])
    assert len(by_date) == len(dated)
    for day, basis, compared, ordinary_days, expected in dated:
        row = by_date.loc[(day, basis)]
        assert (row["compared_crimes"], row["ordinary_days"]) == (compared, ordinary_days)
        assert_close([row["expected"]], [expected], NUMBER)
        outside = not row["expected_low"] <= compared <= row["expected_high"]
        assert (row["change_pct"], row["is_unusual"]) == (
            pytest.approx(100 * (compared / expected - 1), abs=NUMBER),
            outside,
        )

    sides = read(views_engine, "select * from chicago.holiday_vs_non_holiday_crimes order by is_holiday")
    assert sides["crimes"].tolist()[2] == (days["crimes"] - days["known"]).sum()
    complete = days[days["complete"]]
    for flag, row in zip((False, True), sides.head(2).itertuples(), strict=True):
        side = complete[complete["actual_holiday_name"].notna() == flag]
        assert row.days == len(side)
        assert_close(
            [row.crimes_per_day, row.violent_per_day],
            [side["known"].mean(), side["known_violent"].mean()],
            NUMBER,
        )


def by_district(crimes):
    return crimes.assign(district=crimes["district"].fillna(-1)).groupby("district")


def test_districts(views_engine, crimes, days):
    ranks = read(views_engine, "select * from chicago.police_rank_by_arrest")
    ranks = ranks.assign(district=ranks["district"].fillna(-1)).set_index("district")
    stations = set(read_bundled("police_stations")["district"])
    assert set(ranks.index) == stations | set(by_district(crimes).groups) | {-1}
    counts = by_district(crimes).size().reindex(ranks.index, fill_value=0)
    arrests = by_district(crimes)["arrest"].sum().reindex(ranks.index, fill_value=0)
    rate = by_district(crimes[crimes["complete"]])["arrest"].mean().reindex(ranks.index)
    assert ranks["total_crimes"].tolist() == counts.tolist()
    assert ranks["total_arrests"].tolist() == arrests.tolist()
    assert_close(ranks["arrest_percentage"], 100 * rate, NUMBER)
    for column, values in {
        "arrest_ratio_rank": rate, "arrest_total_rank": arrests, "total_crimes_rank": counts,
    }.items():  # fmt: skip
        assert_close(ranks[column], ranked(values.drop(-1)).reindex(ranks.index), 0)

    districts = read(views_engine, "select * from chicago.crimes_by_district")
    districts = (
        districts.assign(district=districts["district"].fillna(-1)).set_index("district").reindex(ranks.index)
    )
    assert districts["crimes"].tolist() == counts.tolist()
    for column in ("violent", "property"):
        expected = by_district(crimes)[column].sum().reindex(ranks.index, fill_value=0)
        assert districts[column].tolist() == expected.tolist()
        assert_close(districts[f"{column}_rank"], ranked(expected.drop(-1)).reindex(ranks.index), 0)
    assert_close(districts["arrest_rate"], rate, SHARE)
    assert_close(
        districts["domestic_share"], by_district(crimes)["domestic"].mean().reindex(ranks.index), SHARE
    )
    newest = days.index[days["complete"]].max()
    periods = {}
    for column, back in {"last_28_days": 0, "previous_28_days": 28, "same_28_days_last_year": 364}.items():
        wanted = pd.date_range(end=newest - pd.Timedelta(days=back), periods=28)
        held = days["complete"].reindex(wanted, fill_value=False).all()
        of_period = by_district(crimes[crimes["date"].isin(wanted)]).size().reindex(ranks.index, fill_value=0)
        periods[column] = of_period.astype("float64") if held else of_period * np.nan
        assert_close(districts[column], periods[column], 0)
    change = 100 * (periods["last_28_days"] / periods["previous_28_days"].replace(0, np.nan) - 1)
    assert_close(districts["change_pct"], change, NUMBER)
    assert_close(districts["change_rank"], ranked(change.drop(-1)).reindex(ranks.index), 0)


def test_kinds_by_district(views_engine, crimes):
    actual = read(views_engine, "select * from chicago.crime_types_by_district")
    actual = actual.assign(district=actual["district"].fillna(-1)).set_index(
        ["district", "primary_description"]
    )
    filled = crimes.assign(district=crimes["district"].fillna(-1))
    counts = filled.groupby(["district", "kind"]).size().reindex(actual.index)
    assert actual["crimes"].tolist() == counts.tolist()
    share = counts / counts.groupby("district").transform("sum")
    city_share = (crimes["kind"].value_counts() / len(crimes)).reindex(actual.index.get_level_values(1))
    assert_close(actual["share"], share, SHARE)
    assert_close(actual["city_share"], city_share, SHARE)
    expected = counts.groupby("district").transform("sum").to_numpy() * city_share.to_numpy()
    quotients = np.where(expected >= 5, share.to_numpy() / city_share.to_numpy(), np.nan)
    assert_close(actual["location_quotient"], quotients, NUMBER)
    rate = filled[filled["complete"]].groupby(["district", "kind"])["arrest"].mean().reindex(actual.index)
    assert_close(actual["arrest_rate"], rate, SHARE)
    ranks = counts.groupby("district").rank(method="min", ascending=False)
    assert_close(actual["rank"], ranks.where(actual.index.get_level_values(0) != -1), 0)


def test_quotients_are_tested_as_tables_of_two_by_two(views_engine, crimes):
    actual = read(views_engine, "select * from chicago.crime_types_by_district")
    noise = read(
        views_engine,
        "select max(noise) as noise from chicago.family_dispersions where family in ('district', 'kind')"
        " having count(*) = 2",
    )
    tested = actual[actual["district"].notna() & (actual["expected_crimes"] >= 5)]
    if noise.empty:
        assert actual["q_value"].isna().all()
        return
    kinds, districts = crimes["kind"].value_counts(), crimes["district"].value_counts()
    p_values = []
    for row in tested.itertuples():
        kind, district = kinds[row.primary_description], districts[row.district]
        table = [[row.crimes, kind - row.crimes], [district - row.crimes, 0]]
        table[1][1] = len(crimes) - sum(map(sum, table))
        chi_square = stats.chi2_contingency(table, correction=False).statistic
        p_values.append(stats.chi2.sf(chi_square / noise["noise"].iloc[0], 1))
    assert_close(tested["q_value"], stats.false_discovery_control(p_values), 2e-4)
    assert (tested["quotient_low"] <= tested["location_quotient"]).all()
    assert (tested["quotient_high"] >= tested["location_quotient"]).all()
    assert actual.drop(tested.index)["q_value"].isna().all()


def test_wards(views_engine, crimes):
    actual = read(views_engine, "select * from chicago.ward_crimes_summary").set_index("ward_name")
    assert set(actual.index) == {*map(str, range(1, 51)), "unknown"}
    ward = crimes["ward"].astype("str").where(crimes["ward"].notna(), "unknown")
    counts = ward.value_counts().reindex(actual.index, fill_value=0)
    assert actual["total_crimes"].tolist() == counts.tolist()
    assert_close(actual["total_crimes_rank"], ranked(counts.drop("unknown")).reindex(actual.index), 0)
    assert (
        actual["violent"].tolist()
        == crimes["violent"].groupby(ward).sum().reindex(actual.index, fill_value=0).tolist()
    )
    rate = crimes[crimes["complete"]].groupby(ward)["arrest"].mean().reindex(actual.index)
    assert_close(actual["arrest_rate"], rate, SHARE)
    for name, kinds in crimes["kind"].groupby(ward):
        ordered = sorted(kinds.value_counts().items(), key=lambda item: (-item[1], item[0]))
        most = [kind for kind, _ in ordered][:2]
        assert actual.loc[name, ["most_common_crime", "second_most_common_crime"]].dropna().tolist() == most


def test_violent_crimes_by_beat(views_engine, crimes):
    actual = read(views_engine, "select * from chicago.violent_crimes_by_beat").set_index("beat")
    beat = crimes["beat"].fillna("unknown")
    assert set(actual.index) == set(read_bundled("beats")["beat"]) | set(beat) | {"unknown"}
    violent = crimes[crimes["violent"]]
    counts = beat[crimes["violent"]].value_counts().reindex(actual.index, fill_value=0)
    assert actual["violent_crimes"].tolist() == counts.tolist()
    for code, column in VIOLENT.items():
        of_code = beat[violent.index][violent["fbi_code"] == code].value_counts()
        assert actual[column].tolist() == of_code.reindex(actual.index, fill_value=0).tolist()
    assert_close(actual["share"], counts / counts.sum(), SHARE)
    known = counts.drop("unknown")
    assert_close(actual["rank"], ranked(known).reindex(actual.index), 0)
    in_district = known.groupby(actual["district"].reindex(known.index)).rank(method="min", ascending=False)
    assert_close(actual["rank_in_district"], in_district.reindex(actual.index), 0)


def test_map_cells(views_engine, crimes):
    actual = read(views_engine, "select * from chicago.crime_map_cells")
    located = crimes["x_coordinate"].notna() & crimes["y_coordinate"].notna()
    nowhere = actual[actual["cell_x"].isna()]
    assert nowhere["crimes"].tolist() == ([int((~located).sum())] if not located.all() else [])
    there = crimes[located]
    counts = there.groupby(
        [there["x_coordinate"] // 1000, there["y_coordinate"] // 1000, "kind", "violent"]
    ).agg(crimes=("date", "size"), latest=("date", "max"))
    cells = actual.dropna(subset="cell_x").set_index(
        ["cell_x", "cell_y", "primary_description", "is_violent"]
    )
    counts = counts.reindex(cells.index)
    assert cells["crimes"].tolist() == counts["crimes"].tolist()
    assert pd.to_datetime(cells["latest_date"]).tolist() == counts["latest"].tolist()


def test_map_totals(views_engine, crimes):
    actual = read(views_engine, "select * from chicago.crime_map_totals")
    nowhere = crimes["x_coordinate"].isna() | crimes["y_coordinate"].isna()
    feet = crimes[["x_coordinate", "y_coordinate"]].mask(nowhere)
    expected = crimes.groupby([feet["x_coordinate"] // 1000, feet["y_coordinate"] // 1000], dropna=False).agg(
        crimes=("date", "size"), violent=("violent", "sum"), latest=("date", "max")
    )
    expected = expected.reset_index(names=["cell_x", "cell_y"]).sort_values(["cell_x", "cell_y"])
    actual = actual.sort_values(["cell_x", "cell_y"])
    for column in ("cell_x", "cell_y"):
        assert_close(actual[column], expected[column].astype("float64"), 0)
    assert actual["crimes"].tolist() == expected["crimes"].tolist()
    assert_close(actual["violent"], expected["violent"].mask(expected["cell_x"].isna()), 0)
    assert pd.to_datetime(actual["latest_date"]).tolist() == expected["latest"].tolist()
    assert (actual["latitude"].isna() == actual["cell_x"].isna()).all()


def test_data_quality(views_engine, crimes):
    actual = read(views_engine, 'select "check", count, share from chicago.data_quality').set_index("check")
    beats, codes = read_bundled("beats"), read_bundled("iucr_codes")
    moment = crimes["date_of_occurrence"]
    expected = {
        "crimes": len(crimes),
        "beat not published": crimes["beat"].isna().sum(),
        "beat not in the list": (~crimes["beat"].dropna().isin(beats["beat"])).sum(),
        "ward not published": crimes["ward"].isna().sum(),
        "ward not in the list": (~crimes["ward"].dropna().between(1, 50)).sum(),
        "FBI code not published": crimes["fbi_code"].isna().sum(),
        "FBI code not in the list": (
            ~crimes["fbi_code"].dropna().isin(read_bundled("fbi_codes")["fbi_code"])
        ).sum(),
        "IUCR code not in the list": (~crimes["iucr"].isin(codes["iucr"])).sum(),
        "no coordinates": (crimes["x_coordinate"].isna() | crimes["y_coordinate"].isna()).sum(),
        "time unknown (00:00)": crimes["unknown_time"].sum(),
        "date unknown (first of a month, 00:00)": (crimes["unknown_time"] & (moment.dt.day == 1)).sum(),
        "time unknown (00:01)": (crimes["placeholder"] & ~crimes["unknown_time"]).sum(),
        "date unknown (first of a month, 00:01)": (
            crimes["placeholder"] & ~crimes["unknown_time"] & (moment.dt.day == 1)
        ).sum(),
        "exactly noon (12:00)": crimes["noon"].sum(),
    }
    assert {check: actual.loc[check, "count"] for check in expected} == expected
    shares = {check: count / len(crimes) for check, count in expected.items() if check != "crimes"}
    assert_close([actual.loc[check, "share"] for check in shares], shares.values(), SHARE)


def test_every_rate_and_share_lies_where_it_can(views_engine, crimes):
    assert len(crimes) > 0
    for view, column in itertools.product(
        ["crimes_by_district", "crime_types_by_district", "ward_crimes_summary"], ["arrest_rate"]
    ):
        values = read(views_engine, f"select {column} from chicago.{view}")[column].dropna()
        assert values.between(0, 1).all()
