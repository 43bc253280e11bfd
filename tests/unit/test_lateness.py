"""The delay of publication, learned, and what the newest days will come to: on triangles made by hand or by a seed."""

import math

import numpy as np
import pandas as pd
import pytest

from bench.nowcast_city import BACKLOG_DAYS, NEVER, History
from tasks.contract.reference import read_reporting_delay
from tasks.lateness import expect
from tasks.lateness.backtest import Past, backtest, summary
from tasks.lateness.curve import BUNDLED, LEARNED, bundled_rates, learn
from tasks.lateness.triangle import FIRST_AGE, to_triangle

TODAY = 739_000  # an ordinal; no Sunday
BUNDLED_RATES = bundled_rates(read_reporting_delay())
LATE = 0.08  # of a day, of the cities made here
MEAN_DAYS = 12.0


def arrivals(seed=1, rows=400, followed=120, late=LATE, looks=None, kind="THEFT"):
    """Return events of a city that is followed daily, or at some looks only: late rows come after some days."""
    random = np.random.default_rng(seed)
    date = np.repeat(np.arange(TODAY - 300, TODAY - FIRST_AGE + 1), rows)
    lag = np.where(random.random(date.size) < late, 10 + random.exponential(MEAN_DAYS, date.size), FIRST_AGE)
    came = (date + lag.astype(np.int64)).clip(TODAY - followed)
    if looks is not None:
        came = looks[np.searchsorted(looks, came).clip(max=len(looks) - 1)]
    events = pd.DataFrame({"date": date, "kind": kind, "observed": came, "gains": 1, "losses": 0})
    keys = ["date", "kind", "observed"]
    return events[events["observed"] <= TODAY].groupby(keys, as_index=False)[["gains", "losses"]].sum()


def share(age, late=LATE):
    """Return the true share at an age of what there is 45 days later."""
    gone = [late * math.exp(-(each - 9) / MEAN_DAYS) for each in (age, age + 45)]
    return (1 - gone[0]) / (1 - gone[1])


def learned(events, looks=()):
    return learn(to_triangle(events, TODAY, looks), *BUNDLED_RATES)


def said(events, held=None, holidays=()):
    """Return what is said of the newest days of events, by period; `held` says otherwise what is held."""
    net = events.assign(crimes=events["gains"] - events["losses"])
    city = held if held is not None else net.groupby(["date", "kind"])["crimes"].sum().reset_index()
    outlook = expect.to_outlook(learned(events), TODAY, city, holidays)
    periods = [*expect.days(TODAY, 40), *expect.periods(TODAY)]
    found = expect.expect(outlook, city.assign(place="crimes"), "city", periods)
    return found.set_index(["period", "last_date"])


def of_period(frame, period):
    return frame.loc[period].iloc[-1]


@pytest.mark.parametrize("age", [9, 12, 21, 40])
def test_the_curve_is_the_one_that_the_city_was_made_with(age):
    curve = learned(arrivals())
    assert curve.basis == LEARNED
    assert curve.published_share(0, age) == pytest.approx(share(age), abs=0.004)


def test_the_curve_is_the_chain_ladder_where_nothing_but_age_matters():
    """An oracle of its own: link ratios of the triangle, added up by pandas."""
    events = arrivals(rows=300)
    held = events.pivot_table("gains", "date", "observed", aggfunc="sum", fill_value=0).cumsum(axis=1)
    product = 1.0
    for age in range(9, 54):
        days = [d for d in held.index if d + age >= TODAY - 84 and d + age + 1 <= TODAY]
        before = sum(held.loc[day, day + age] for day in days)
        after = sum(held.loc[day, day + age + 1] for day in days)
        product *= after / before
    assert learned(events).published_share(0, 9) == pytest.approx(1 / product, abs=0.002)


def test_what_the_first_load_brought_was_not_seen_to_come():
    """All of it has one day of loading; were that taken for the day it came, the curve would be another city's."""
    followed = arrivals(followed=70)
    assert learned(followed).published_share(0, 12) == pytest.approx(share(12), abs=0.006)
    first = followed[followed["observed"] == TODAY - 70]
    assert first["gains"].sum() > 0.5 * followed["gains"].sum()


def test_until_sixty_days_are_held_the_curve_is_the_bundled_one():
    assert learned(arrivals(followed=59)).basis == BUNDLED
    assert learned(arrivals(followed=60)).basis == LEARNED
    assert learned(arrivals(followed=0)).basis == BUNDLED


def test_days_without_a_run_make_the_curve_coarser_and_not_another_one():
    """A run every third day: what came since the last is known as a sum."""
    looks = np.arange(TODAY - 120, TODAY + 1, 3)
    curve = learned(arrivals(looks=looks), looks)
    for age in (9, 12, 21):
        assert curve.published_share(0, age) == pytest.approx(share(age), abs=0.008)


def test_each_kind_has_its_own_curve():
    prompt, late = arrivals(late=0.03, kind="BATTERY"), arrivals(seed=2, late=0.3, kind="FRAUD")
    curve = learned(pd.concat([prompt, late]))
    found = {kind: curve.published_share(number, 9) for number, kind in enumerate(curve.kinds)}
    assert found["BATTERY"] == pytest.approx(share(9, 0.03), abs=0.006)
    assert found["FRAUD"] == pytest.approx(share(9, 0.3), abs=0.02)


def test_the_nowcast_is_what_comes_and_the_raw_number_is_short_of_it():
    newest = of_period(said(arrivals()), "newest_28")
    truth = 28 * 400
    assert newest["crimes"] < truth * 0.97
    assert newest["nowcast"] == pytest.approx(truth, rel=0.004)
    assert newest["low"] <= newest["nowcast"] <= newest["high"]
    assert newest["caution"] is None or pd.isna(newest["caution"])


def test_what_is_withdrawn_is_taken_off():
    events = arrivals()
    young = events.groupby("date", as_index=False)["gains"].sum()
    gone = young.assign(kind="THEFT", observed=young["date"] + 20, losses=8, gains=0)
    known = pd.concat([events, gone[gone["observed"].between(TODAY - 119, TODAY)]])
    newest = of_period(said(known), "newest_7")
    assert newest["nowcast"] == pytest.approx(7 * (400 - 8), rel=0.012)


@pytest.mark.parametrize("mean", [1.5, 6.0, 40.0, 300.0])
def test_the_interval_of_a_count_holds_nine_in_ten_poisson_arrivals(mean):
    """The exact chance of the numbers within it, by Poisson's formula."""
    curve = learned(arrivals(followed=0))
    exact = type(curve)(**{**vars(curve), "dispersion": 1.0, "date_dispersion": 1.0, "relative_error": 0.0})
    one, none = np.array([mean]), np.zeros(1)
    sums = expect._Sums(none, one, one, none, none, none, none > 0)
    low, high = (int(np.rint(end[0])) for end in expect._interval(exact, sums, mean, is_day=False))
    chance = sum(math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(low, high + 1))
    # Of few arrivals a number more or less is some percent.
    assert 0.875 <= chance <= (0.97 if mean > 5 else 0.99)


def test_days_that_begin_far_below_the_usual_are_withheld_with_a_word_and_a_wider_interval():
    events = arrivals()
    half = events["date"] >= TODAY - 14
    fell = events.assign(gains=np.where(half, events["gains"] // 2, events["gains"]))
    before, now = of_period(said(events), "newest_28"), of_period(said(fell), "newest_28")
    assert pd.isna(now["nowcast"])
    assert pd.isna(now["published_share"])
    assert now["caution"].startswith("first counts far below the usual")
    assert now["low"] < now["high"]
    assert now["high"] >= before["nowcast"] * 0.98  # the rest may still come
    assert of_period(said(fell), "before_complete_28")["nowcast"] > 0


def test_a_quiet_holiday_is_no_backlog():
    events = arrivals()
    day = TODAY - 15
    quiet = events.assign(
        gains=np.where(events["date"] == day, events["gains"] * 0.7, events["gains"]).round()
    )
    assert pd.isna(said(quiet).loc[("day", pd.Timestamp.fromordinal(day).date())]["nowcast"])
    assert said(quiet, holidays={day}).loc[("day", pd.Timestamp.fromordinal(day).date())]["nowcast"] > 0


def test_late_arrivals_beyond_chance_are_told_and_young_numbers_withheld():
    events = arrivals()
    recent = (events["observed"] > TODAY - 7) & (events["observed"] - events["date"] > FIRST_AGE)
    surge = events.assign(gains=np.where(recent, events["gains"] * 3, events["gains"]))
    newest = of_period(said(surge), "newest_7")
    assert pd.isna(newest["nowcast"])
    assert newest["caution"].startswith("late arrivals")
    calm = of_period(said(events), "newest_7")
    assert newest["high"] - newest["low"] > 3 * (calm["high"] - calm["low"])


def to_events(history):
    """Return the events of a history as the warehouse reads them, by kind and district."""
    versions = history.versions()
    keys = {
        "date": versions["date"],
        "kind": versions["primary_description"],
        "district": versions["beat"] // 100,
    }
    gone = versions["went"] <= history.today
    came = pd.DataFrame({**keys, "case": versions["case_number"], "observed": versions["came"], "net": 1})
    went = pd.DataFrame({**keys, "case": versions["case_number"], "observed": versions["went"], "net": -1})[
        gone
    ]
    net = pd.concat([came, went]).groupby([*keys, "case", "observed"])["net"].sum().reset_index()
    net = net[net["net"] != 0].assign(gains=net["net"].clip(lower=0), losses=(-net["net"]).clip(lower=0))
    return net.groupby([*keys, "observed"], as_index=False)[["gains", "losses"]].sum()


@pytest.fixture(scope="module", params=[False, True], ids=["stand-in city", "another make"])
def words(request):
    """Give a small back-test: what `make bench-nowcast` does whole. The backlog is the last of it."""
    history = History(
        TODAY - 190, TODAY, 150, request.param, TODAY - 75 if request.param else NEVER, oldest=130
    )
    past = Past(to_events(history), history.looks(), frozenset(), *BUNDLED_RATES)
    days = [day for day in history.looks() if history.first_load + 62 <= day <= TODAY - 45]
    return history, backtest(past, days[::9])


def test_the_interval_holds_what_was_there_45_days_later(words):
    history, found = words
    calm = found[found["today"] < history.backlog - 3]
    measures = summary(calm).set_index("unit")
    covered = (measures["covered"] * measures["said"]).sum() / measures["said"].sum()
    assert 86 <= covered <= 97, measures
    # Of the two numbers the corrected one is nearer; a district of this small city has a few crimes a day.
    large = measures.drop("newest day of a district")
    assert (large["off"] < large["raw_off"]).all(), measures
    assert measures["error"].abs().loc["newest 28 days"] < 0.8


@pytest.mark.parametrize("words", [True], ids=["another make"], indirect=True)
def test_in_a_backlog_numbers_are_withheld_and_the_wider_interval_holds(words):
    history, found = words
    within = found[
        (found["today"] >= history.backlog + 4) & (found["today"] < history.backlog + BACKLOG_DAYS)
    ]
    measures = summary(within).set_index("unit")
    assert measures.loc["newest 7 days", "given"] < 50
    assert measures.loc["newest 28 days", "covered_all"] >= 80
