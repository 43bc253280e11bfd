"""Session settings of somebody else: of the database, of the role in it, or of the environment of a run.

None of them may change what a run does (decision 0016). The test's own sessions say each thing themselves.
"""

import psycopg
from psycopg.conninfo import make_conninfo

# Each changes what a text, a date or a transaction means; the timeouts are as short as a session can begin with.
SETTINGS = {
    "client_encoding": "LATIN1",
    "datestyle": "German, DMY",
    "intervalstyle": "sql_standard",
    "extra_float_digits": "-15",
    "timezone": "Asia/Tokyo",
    "search_path": "public",
    "standard_conforming_strings": "off",
    "default_transaction_isolation": "serializable",
    "default_transaction_read_only": "on",
    "statement_timeout": "5s",
    "lock_timeout": "1ms",
    "idle_in_transaction_session_timeout": "2s",
    "transaction_timeout": "5s",
}
TELLERS = ("database", "role", "environment")
OWN = {
    "client_encoding": "UTF8",
    "datestyle": "ISO, MDY",
    "intervalstyle": "postgres",
    "extra_float_digits": "1",
    "timezone": "UTC",
    "search_path": "public",
    "standard_conforming_strings": "on",
    "default_transaction_isolation": "read committed",
    "default_transaction_read_only": "off",
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "transaction_timeout": "0",
}
# Text that LATIN1 does not have; a session that means otherwise stores other characters, or none.
CAFE = "CAFÉ – Ł"  # noqa: RUF001 - a dash as a person types it


def options(settings):
    """Return settings as libpq's options, or PGOPTIONS, have them."""
    return " ".join(f"-c {name}={value.replace(' ', chr(92) + ' ')}" for name, value in settings.items())


def own_conninfo(conninfo):
    """Return how the test itself connects, whatever anybody else has set."""
    return make_conninfo(conninfo, options=options(OWN))


def tell(world, teller, names):
    """Have somebody set these; return what the environment of a run has to say for it."""
    if teller == "environment":
        return {"PGOPTIONS": options({name: SETTINGS[name] for name in names})}
    _alter(world, teller, [f"set {name} = '{SETTINGS[name]}'" for name in names])
    return {}


def forget(world):
    """Take back whatever was set."""
    for teller in ("database", "role"):
        _alter(world, teller, ["reset all"])


def _alter(world, teller, changes):
    database = f'database "{world.environment["DATABASE_NAME"]}"'
    whose = database if teller == "database" else f'role "{world.environment["DB_USERNAME"]}" in {database}'
    with psycopg.connect(world.conninfo, autocommit=True) as connection:
        for change in changes:
            connection.execute(f"alter {whose} {change}")
