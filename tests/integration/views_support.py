"""Cities for the tests of the views: crimes made by hand, by a seed, or read from the real pulls.

Loads them into a real PostgreSQL with the bundled lists, and makes the views over them.
"""

from contextlib import contextmanager

import numpy as np
import pandas as pd
import psycopg
import pytest
from sqlalchemy import Engine, create_engine, text

from tasks.contract.reference import read_bundled
from tasks.warehouse.copy import copy_frame
from tasks.warehouse.views import deploy_views, grant_analyst, refresh_views
from tests.integration.conftest import database_like

COLUMNS = {
    "crime_id": "str",
    "case_number": "str",
    "date_of_occurrence": "datetime64[us]",
    "iucr": "str",
    "primary_description": "str",
    "arrest": "bool",
    "domestic": "bool",
    "beat": "str",
    "district": "Int16",
    "ward": "Int16",
    "fbi_code": "str",
    "x_coordinate": "Int32",
    "y_coordinate": "Int32",
    "updated_at": "datetime64[us, UTC]",
}
# The last load of the hand-made cities: 05:02 on Monday 1 April 2024 in Chicago, so that 11 March is the
# last complete day.
LAST_LOAD = "2024-04-01T10:02:00Z"
_DEFAULTS = {
    "iucr": "0810",
    "primary_description": "THEFT",
    "arrest": False,
    "domestic": False,
    "beat": "0111",
    "district": 1,
    "ward": 42,
    "fbi_code": "06",
    "x_coordinate": None,
    "y_coordinate": None,
    "updated_at": LAST_LOAD,
}

# Gives the crimes blocks and points.
PLACED = """
update chicago.crimes set block = '0' || ascii(right(crime_id, 1)) || 'XX N STATE ST',
    latitude = 41.88 + (y_coordinate - 1900000) / 364000.0, longitude = -87.65 + (x_coordinate - 1155000) / 272000.0
where x_coordinate is not null
"""


def city(*rows):
    """Return crimes from `(date_of_occurrence, {what differs from an ordinary theft}, how many)`."""
    crimes = []
    for moment, *rest in rows:
        change = next((item for item in rest if isinstance(item, dict)), {})
        count = next((item for item in rest if isinstance(item, int)), 1)
        crimes += [{**_DEFAULTS, "date_of_occurrence": moment, **change}] * count
    return numbered(pd.DataFrame(crimes))


def numbered(crimes):
    """Return crimes with ids, case numbers and the columns' types."""
    numbers = pd.Series(range(len(crimes)), index=crimes.index).astype("str")
    whole = crimes.assign(crime_id="row-" + numbers, case_number="JH" + numbers)
    return whole[list(COLUMNS)].astype(COLUMNS)


def generated_city(seed, first, days, per_day):
    """Return a random city with the record's oddities: unknown places, codes and times, two spellings."""
    random = np.random.default_rng(seed)
    size = days * per_day
    beats = [*read_bundled("beats")["beat"], "1650", None]
    kinds = [
        ("THEFT", "06"),
        ("BATTERY", "08B"),
        ("BATTERY", "04B"),
        ("ASSAULT", "08A"),
        ("ASSAULT", "04A"),
        ("HOMICIDE", "01A"),
        ("ROBBERY", "03"),
        ("CRIM SEXUAL ASSAULT", "02"),
        ("CRIMINAL SEXUAL ASSAULT", "02"),
        ("NON - CRIMINAL", "26"),
        ("NON-CRIMINAL", "26"),
        ("BURGLARY", "05"),
        ("ARSON", "99"),
        ("OTHER OFFENSE", None),
    ]
    kind = random.integers(0, len(kinds), size)
    beat = pd.Series([beats[number] for number in random.integers(0, len(beats), size)], dtype="object")
    moments = pd.Timestamp(first) + pd.to_timedelta(random.integers(0, days * 24 * 12, size) * 5, unit="min")
    located = random.random(size) > 0.02
    crimes = pd.DataFrame(
        {
            "date_of_occurrence": with_placeholders(moments, random.random(size)),
            "iucr": "0110",
            "primary_description": [kinds[number][0] for number in kind],
            "fbi_code": [kinds[number][1] for number in kind],
            "arrest": random.random(size) < 0.12,
            "domestic": random.random(size) < 0.2,
            "beat": beat,
            "district": pd.to_numeric(beat.str[:2]).astype("Int16"),
            "ward": pd.Series(random.integers(0, 51, size), dtype="Int16").replace(0, pd.NA),
            "x_coordinate": pd.Series(random.integers(1_150_000, 1_160_000, size), dtype="Int32").where(
                located
            ),
            "y_coordinate": pd.Series(random.integers(1_900_000, 1_906_000, size), dtype="Int32").where(
                located
            ),
        }
    )
    # The beat decides the district, but for a few that are published otherwise.
    crimes.loc[crimes.index % 997 == 3, "district"] = 31
    newest = crimes["date_of_occurrence"].max().tz_localize("UTC") + pd.Timedelta(days=8)
    crimes["updated_at"] = newest - pd.to_timedelta(random.integers(0, 10_000, size), unit="min")
    return numbered(crimes)


def with_placeholders(moments, draw):
    """Return moments of which some stand for an unknown time: 00:00, 00:01, noon, the first of a month."""
    day = moments.normalize()
    month = day - pd.to_timedelta(day.day - 1, unit="D")
    first = np.where(month >= moments.min(), month, day)
    minute, noon = pd.Timedelta(minutes=1), pd.Timedelta(hours=12)
    return np.select(
        [draw < 0.05, draw < 0.06, draw < 0.07, draw < 0.08, draw < 0.085],
        [day, day + minute, day + noon, first, first + minute],
        moments,
    )


def real_city(folder):
    """Return the City's rows of the newer pull, from the folder of the real pulls."""
    raw = pd.read_csv(folder / "crimes_2024-01-15.csv.gz", dtype=str, keep_default_na=False, na_values=[""])
    beat = raw["beat"].str.zfill(4)
    crimes = pd.DataFrame(
        {
            "date_of_occurrence": pd.to_datetime(raw["date_of_occurrence"]),
            "iucr": raw["_iucr"],
            "primary_description": raw["_primary_decsription"],
            "fbi_code": raw["fbi_cd"],
            "arrest": raw["arrest"] == "Y",
            "domestic": raw["domestic"] == "Y",
            "beat": beat,
            "district": pd.to_numeric(beat.str[:2]),
            "ward": pd.to_numeric(raw["ward"]),
            "x_coordinate": pd.to_numeric(raw["x_coordinate"].replace("0", None)),
            "y_coordinate": pd.to_numeric(raw["y_coordinate"].replace("0", None)),
            "updated_at": pd.to_datetime(raw[":updated_at"], utc=True),
        }
    )
    return numbered(crimes)


def load_city(engine: Engine, crimes):
    """Make `chicago.crimes` these rows, and the views those over them."""
    with engine.begin() as connection:
        connection.execute(text("truncate chicago.crimes, chicago.crime_history"))
        copy_frame(connection, "chicago.crimes", crimes)
    if not deploy_views(engine):
        refresh_views(engine)


def read(engine: Engine, query):
    """Return the rows of a query as a frame; numbers as numbers."""
    with engine.connect() as connection:
        return pd.read_sql(text(query), connection, coerce_float=True)


def rows(engine: Engine, query):
    """Return the rows of a query as tuples; exact numerics as floats."""
    with engine.connect() as connection:
        result = connection.execute(text(query)).all()
    return [
        tuple(float(value) if type(value).__name__ == "Decimal" else value for value in row) for row in result
    ]


@pytest.fixture(scope="module")
def views_engine(postgres, template):
    """Give an engine on one database for the tests of a module; each loads its own city into it."""
    with database_like(postgres, template) as name:
        engine = engine_on(postgres, name)
        yield engine
        engine.dispose()


@contextmanager
def placed_city(postgres, template, crimes, role):
    """Give the name of a database with these crimes, at blocks and points, that a role of its own may read."""
    with psycopg.connect(postgres.conninfo("postgres"), autocommit=True) as connection:
        connection.execute(f"create role {role} login")
        with database_like(postgres, template) as name:
            engine = engine_on(postgres, name)
            load_city(engine, crimes)
            with engine.begin() as placing:
                placing.execute(text(PLACED))
            grant_analyst(engine, role)
            engine.dispose()
            yield name
        connection.execute(f"drop role {role}")


@contextmanager
def read_in_this_process(postgres, name, login):
    """Have pages and briefs of this process read a database with this login; yields a connection of the owner."""
    import streamlit

    settings = {
        "ENV_FILE": "",
        "SERVER_NAME": str(postgres.socket_dir),
        "DB_USERNAME": login,
        "DATABASE_NAME": name,
        "DB_SSLMODE": "disable",
    }
    engine = engine_on(postgres, name)
    with pytest.MonkeyPatch.context() as patch:
        for key, value in settings.items():
            patch.setenv(key, value)
        streamlit.cache_resource.clear()
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            yield connection
        streamlit.cache_resource.clear()
    engine.dispose()


def engine_on(postgres, name):
    """Return an engine on a database."""
    return create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(postgres.conninfo(name)))
