"""tasks/commands/database_role.py on the real PostgreSQL, as a loader that is no superuser, like RDS's master user."""

import time

import psycopg
import pytest
from psycopg import sql

from tasks.commands import database_role


@pytest.fixture
def names(environment, postgres, monkeypatch):
    """Give names of roles; the loader has the rights of RDS's master user. All are dropped afterwards."""
    made = {kind: f"{kind}_{time.monotonic_ns()}" for kind in ("loader", "prefect", "analyst")}
    monkeypatch.setenv("DB_USERNAME", made["loader"])
    with psycopg.connect(postgres.conninfo("postgres"), autocommit=True) as connection:
        connection.execute(
            sql.SQL("create role {} login createdb createrole").format(sql.Identifier(made["loader"]))
        )
        yield made
        connection.execute(
            sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(made["prefect"]))
        )
        for kind in ("prefect", "analyst", "loader"):
            connection.execute(sql.SQL("drop role if exists {}").format(sql.Identifier(made[kind])))


def asked(postgres, query, *parameters):
    with psycopg.connect(postgres.conninfo("postgres")) as connection:
        return connection.execute(query, parameters).fetchone()


def stored(postgres, role):
    return asked(postgres, "select rolpassword from pg_authid where rolname = %s", role)[0]


def test_a_role_and_its_database_are_made_once_and_a_new_password_holds(names, postgres, monkeypatch, capsys):
    role = names["prefect"]
    monkeypatch.setenv("ROLE_PASSWORD", "first")
    assert database_role.main([role, "--owns", role]) == 0
    assert capsys.readouterr().out == f"role {role} made, database {role} made\n"
    first = stored(postgres, role)
    # The server was sent a verifier: the password is in no statement, and so in no log.
    assert first.startswith("SCRAM-SHA-256$")
    monkeypatch.setenv("ROLE_PASSWORD", "second")
    assert database_role.main([role, "--owns", role]) == 0
    assert (
        capsys.readouterr().out == f"role {role} has the password of the secret, database {role} was there\n"
    )
    assert stored(postgres, role) != first
    owner = "select pg_get_userbyid(datdba), datacl::text from pg_database where datname = %s"
    found, rights = asked(postgres, owner, role)
    assert found == role
    # Nobody but its owner connects: no right begins with the empty name, which is everybody's.
    assert not [right for right in rights.strip("{}").split(",") if right.startswith("=")]
    with psycopg.connect(postgres.conninfo(role), user=role) as own:
        own.execute("create extension pg_trgm")  # what Prefect's migration begins with
        powers = "select rolsuper, rolcreaterole, rolcreatedb from pg_roles where rolname = current_user"
        assert own.execute(powers).fetchone() == (False, False, False)


def test_the_analyst_has_its_limits_and_no_database(names, postgres, monkeypatch, capsys):
    monkeypatch.setenv("ROLE_PASSWORD", "of-the-secret")
    for said in ("made", "has the password of the secret"):
        assert database_role.main([names["analyst"]]) == 0
        assert capsys.readouterr().out == f"role {names['analyst']} {said}\n"
    (limits,) = asked(postgres, "select rolconfig from pg_roles where rolname = %s", names["analyst"])
    assert sorted(limits) == ["jit=off", "statement_timeout=5min"]


def test_no_secret_changes_the_loader_or_one_who_may_make_roles(names, postgres, monkeypatch, capsys):
    monkeypatch.setenv("ROLE_PASSWORD", "of-the-secret")
    for powerful in (names["loader"], postgres.user):
        assert database_role.main([powerful]) == 2
        assert f"role {powerful!r} is the loader, or may make roles" in capsys.readouterr().err
    monkeypatch.delenv("ROLE_PASSWORD")
    assert database_role.main([names["analyst"]]) == 2
    assert "ROLE_PASSWORD is not set" in capsys.readouterr().err
