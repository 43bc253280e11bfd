"""What the first page, places and the brief say: whether it is getting worse, where, and whether by chance."""

from datetime import date, timedelta

import pandas as pd
import pytest

from dashboard import findings, shapes

NAMES = [
    "family",
    "member",
    "district_name",
    "compared_with",
    "crimes",
    "corrected_change_pct",
    "change_low_pct",
    "change_high_pct",
    "is_unusual",
    "dispersion",
    "caution",
]


def changes(*rows):
    """Return comparisons from `(family, member, change, is_unusual)`, and a period before that is not a year ago."""
    made = []
    for family, member, change, is_unusual, *rest in rows:
        name = {"7": "Englewood", "11": "Harrison"}.get(member, "Chicago Lawn" if family == "beat" else None)
        before = rest[0] if rest else "last_year"
        made.append(
            (family, member, name, before, 1200, change, change - 4.0, change + 5.0, is_unusual, 2.0, None)
        )
    return pd.DataFrame(made, columns=NAMES)


CALM = [("district", "7", 3.0, False), ("district", "11", -2.0, False)]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            [("city", "crimes", 1.2, False), *CALM],
            (
                "Not that the numbers can tell: crime in the city is up 1.2% on a year ago, no more than chance "
                "(range -2.8% to +6.2%). No police district changed by more than chance."
            ),
        ),
        (
            [("city", "crimes", 8.0, True), ("district", "7", 21.4, True), ("district", "11", -12.0, True)],
            (
                "Yes: crime in the city is up 8.0% on a year ago, more than chance explains (range "
                "+4.0% to +13.0%). It rose beyond chance in Englewood (7) by 21.4%. It fell beyond chance in Harrison "
                "(11) by 12.0%."
            ),
        ),
        (
            [("city", "crimes", -8.0, True), *CALM],
            (
                "No, it is getting better: crime in the city is down 8.0% on a year ago, more than chance explains "
                "(range -12.0% to -3.0%). No police district changed by more than chance."
            ),
        ),
        (
            [("city", "crimes", 1.0, False, "previous")],
            (
                "Not that the numbers can tell: crime in the city is up 1.0% on the 28 days before, no more than chance"
                " (range -3.0% to +6.0%)."
            ),
        ),
        ([], "Whether it is getting worse cannot be said yet: it takes 56 complete days."),
    ],
)
def test_the_answer_says_whether_where_and_if_by_chance(rows, said):
    assert findings.answer(changes(*rows)).strip() == said


def test_an_answer_that_is_withheld_says_why():
    held_back = changes(("city", "crimes", 1.0, None)).assign(caution="first counts far below the usual")
    assert findings.answer(held_back).startswith(
        "Whether it is getting worse cannot be said now: first counts far below the usual."
    )


def test_what_is_out_of_the_ordinary_is_named_with_the_page_that_shows_it():
    found = findings.findings(
        changes(
            ("hour", "17", 30.0, True),
            ("kind", "MOTOR VEHICLE THEFT", 22.0, True),
            ("beat", "0823", -40.0, True),
            ("ward", "27", 14.0, True),
            ("district", "7", 15.0, True),
            ("city", "violent", 9.0, True),
            ("ward", "28", 14.0, False),
        )
    )
    assert [finding.page for finding in found] == [
        "overview",
        "district?district=7",
        "wards?ward=27",
        "district?district=8",
        "map?kind=MOTOR+VEHICLE+THEFT",
        "when",
    ]
    assert found[1].text == ("Englewood (7): +15.0% on a year ago (range +11.0% to +20.0%; 1,200 crimes)")
    assert found[3].text.startswith("Beat 0823, Chicago Lawn: -40.0%")
    assert found[5].text.startswith("17:00 to 18:00: ")


def test_a_place_says_what_is_unusual_in_it_or_that_nothing_is():
    rows = changes(("district", "8", 1.0, False), ("beat", "0823", 40.0, True), ("ward", "27", 1.0, False))
    assert findings.said_here(rows, district=8).startswith("- Beat 0823, Chicago Lawn: +40.0% on a year ago")
    assert findings.said_here(rows, ward=27) == findings.NOTHING_UNUSUAL
    assert findings.said_here(rows, ward=28).startswith("Not compared yet")


def test_a_period_is_said_as_short_as_it_can_be():
    for first, last, said in (
        ("2026-11-13", "2026-11-19", "13 to 19 November 2026"),
        ("2026-10-23", "2026-11-19", "23 October to 19 November 2026"),
        ("2025-12-29", "2026-01-04", "29 December 2025 to 4 January 2026"),
    ):
        assert findings.span(pd.Series({"first_date": first, "last_date": last})) == said


def test_the_band_of_the_season_is_around_the_year_before_and_absent_without_one():
    first = date(2024, 1, 1)
    days = pd.DataFrame(
        {"date": [first + timedelta(days=number) for number in range(400)], "mean_28_days": [100.0] * 400}
    )
    banded = shapes.with_season(days, 2.0)
    assert banded["usual_low"].notna().sum() == 36
    last = banded.iloc[-1]
    # 1.96 standard deviations of the difference of two sums of 2,800 crimes with twice the variance of chance, a day.
    half = 1.96 * (2 * 2.0 * 2800) ** 0.5 / 28
    assert (last["usual_low"], last["usual_high"]) == pytest.approx((100 - half, 100 + half))
    assert shapes.has_season(banded)
    assert not shapes.has_season(shapes.with_season(days, None))
