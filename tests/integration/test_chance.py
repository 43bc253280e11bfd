# ruff: noqa: F811  (the fixtures of views_support)
"""What the SQL says of chance, against scipy and numpy, which the image does not carry."""

from functools import partial

import numpy as np
import pytest
from scipy import optimize, stats
from sqlalchemy import text

from tests.integration.views_support import views_engine  # noqa: F401  (a fixture)

STATED = 1e-4


def of_each(engine, expression, *columns):
    """Return an expression of x, y, ... over rows of these columns."""
    names = "xyabcd"[: len(columns)]
    arrays = ", ".join(f"cast(:{name} as double precision[])" for name in names)
    query = text(
        f"select {expression} from unnest({arrays}) with ordinality as given ({', '.join(names)}, n) order by n"
    )
    values = {name: [float(value) for value in column] for name, column in zip(names, columns, strict=True)}
    with engine.connect() as connection:
        found = connection.execute(query, values).scalars().all()
    return np.array([np.nan if value is None else value for value in found])


def test_the_normal_distribution_is_that_of_scipy(views_engine):
    z = np.concatenate([np.linspace(-8, 8, 801), [-1e6, -40, 40, 1e6]])
    assert of_each(views_engine, "chicago.normal_cdf(x)", z) == pytest.approx(stats.norm.cdf(z), abs=1e-7)
    found = of_each(views_engine, "chicago.normal_p_value(x)", z)
    assert found == pytest.approx(2 * stats.norm.sf(abs(z)), abs=2e-7)
    shares = np.concatenate([np.linspace(0.0005, 0.9995, 501), [1e-9, 0.02425, 0.97575]])
    found = of_each(views_engine, "chicago.normal_quantile(x)", shares)
    assert found == pytest.approx(stats.norm.ppf(shares), abs=1e-8)
    assert np.isnan(of_each(views_engine, "chicago.normal_quantile(x)", [0, 1])).all()


@pytest.mark.parametrize(
    ("freedom", "error"), [(5, 1e-3), (10, 2e-4), (15, STATED), (51, STATED), (1e6, STATED)]
)
def test_students_t_is_that_of_scipy(views_engine, freedom, error):
    t = np.linspace(-6, 6, 121)
    found = of_each(views_engine, f"chicago.normal_p_value(chicago.t_to_z(x, {freedom}))", t)
    assert found == pytest.approx(2 * stats.t.sf(abs(t), freedom), abs=error)
    back = of_each(views_engine, f"chicago.z_to_t(chicago.t_to_z(x, {freedom}), {freedom})", t)
    assert back == pytest.approx(t, abs=1e-6)


def pairs_of_counts():
    random = np.random.default_rng(3)
    a = np.concatenate([[0, 7, 0, 20, 1000], random.integers(1, 2000, 45)])
    b = np.concatenate([[9, 0, 0, 20, 1200], random.integers(1, 2000, 45)])
    return a, b, random.uniform(1, 300, 50), random.uniform(1, 300, 50), random.uniform(1, 4, 50)


def score(a, b, exposure_a, exposure_b, dispersion, ratio):
    """Return the score statistic of the hypothesis that rate a is `ratio` times rate b, given a + b."""
    share = ratio * exposure_a / (ratio * exposure_a + exposure_b)
    total = a + b
    return (a - total * share) / np.sqrt(dispersion * total * share * (1 - share))


def from_bound(row, z, logarithm):
    """Return how far the score statistic of a ratio, given by its logarithm, is from that of the bound for z."""
    return score(*row, np.exp(logarithm)) + z


def test_a_ratio_of_rates_is_tested_by_its_score(views_engine):
    given = pairs_of_counts()
    found = of_each(views_engine, "chicago.rate_ratio_z(x, y, a, b, c)", *given)
    with np.errstate(invalid="ignore"):
        expected = score(*given, 1.0)
    assert found == pytest.approx(expected, abs=STATED, nan_ok=True)
    # Without dispersion its square is Pearson's chi-square of two counts.
    for a, b, exposure_a, exposure_b in zip(*(column[3:9] for column in given[:4]), strict=True):
        fractions = np.array([exposure_a, exposure_b]) / (exposure_a + exposure_b)
        pearson = stats.chisquare([a, b], (a + b) * fractions).statistic
        z = of_each(views_engine, "chicago.rate_ratio_z(x, y, a, b, 1)", [a], [b], [exposure_a], [exposure_b])
        assert z[0] ** 2 == pytest.approx(pearson, rel=STATED)


def test_the_interval_is_where_the_score_test_does_not_refuse(views_engine):
    """The bounds are the ratios at which the statistic is the quantile, found by bisection and not by a formula."""
    given = pairs_of_counts()
    z = stats.norm.ppf(0.975)
    for side in (-1, 1):
        found = of_each(views_engine, f"chicago.rate_ratio_bound(x, y, a, b, c, {side * z})", *given)
        for index, row in enumerate(zip(*given, strict=True)):
            a, b = row[:2]
            if a + b == 0:
                continue
            if (a, side) == (0, -1) or (b, side) == (0, 1):
                assert found[index] == 0 if side < 0 else np.isnan(found[index])
                continue
            beyond = partial(from_bound, row, side * z)
            bound = optimize.brentq(beyond, -15, 15)
            assert found[index] == pytest.approx(np.exp(bound), rel=STATED)


def test_a_ratio_without_dispersion_has_wilsons_interval(views_engine):
    found = [
        of_each(views_engine, f"chicago.rate_ratio_bound(x, y, 1, 1, 1, {side}1.959963985)", [30], [20])[0]
        for side in ("-", "")
    ]
    wilson = stats.binomtest(30, 50).proportion_ci(method="wilson")
    assert found == pytest.approx(
        [wilson.low / (1 - wilson.low), wilson.high / (1 - wilson.high)], rel=STATED
    )


def test_the_ranks_that_chance_leaves_are_those_between_what_is_surely_more_and_surely_less(views_engine):
    counts = np.array([400, 310, 295, 290, 100, 0, 0])
    z = stats.norm.ppf(1 - 0.025 / (len(counts) - 1))
    apart = np.subtract.outer(counts, counts) > z * np.sqrt(2 * np.add.outer(counts, counts))
    every = "array[400, 310, 295, 290, 100, 0, 0]::double precision[]"
    found = of_each(views_engine, f"chicago.rank_from(x, {every}, 2)", counts)
    assert found.tolist() == (1 + apart.sum(axis=0)).tolist() == [1, 1, 2, 2, 5, 6, 6]
    found = of_each(views_engine, f"chicago.rank_to(x, {every}, 2)", counts)
    assert found.tolist() == (len(counts) - apart.sum(axis=1)).tolist() == [2, 4, 4, 4, 5, 7, 7]
