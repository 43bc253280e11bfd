"""Locks, and the faults of a database that pass: who may write, and when the same is done again."""

import pytest
from sqlalchemy import text

from tasks.errors import LoadError
from tasks.warehouse.faults import PassingFaultError, named_faults
from tasks.warehouse.lock import writer_lock


def test_of_two_writers_one_has_the_lock_and_it_is_free_afterwards(engine):
    """B21"""
    with writer_lock(engine) as first, writer_lock(engine) as second:
        assert first is not None
        assert second is None
    with writer_lock(engine) as again:
        assert again is not None


def test_after_a_failover_the_work_is_done_again_on_new_connections(engine):
    """B23: the pool's connections lead to the old primary, which answers a ping and refuses to write."""
    with engine.connect() as pooled:
        pooled.execute(text("set default_transaction_read_only = on"))
        pooled.commit()
    write = text("create table chicago.written ()")
    with (
        pytest.raises(PassingFaultError, match="window x: the database said 25006"),
        named_faults(engine, "window x"),
        engine.begin() as connection,
    ):
        connection.execute(write)
    with engine.begin() as connection:
        connection.execute(write)


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        *(
            (state, PassingFaultError)
            for state in ("40001", "40P01", "55P03", "57P01", "53300", "25006", "08006")
        ),
        *((state, LoadError) for state in ("23505", "42501", "22003", "42P01")),
    ],
)
def test_a_fault_that_passes_is_told_from_one_that_stays(engine, state, kind):
    """B21, B23: deadlock and serialization failures, lock timeouts, a server that stops, a replica."""
    statement = text(f"do $$ begin raise exception 'planted' using errcode = '{state}'; end $$")
    with (
        pytest.raises(LoadError, match=f"said {state}: planted") as caught,
        named_faults(engine, "window x"),
        engine.begin() as connection,
    ):
        connection.execute(statement)
    assert type(caught.value) is kind
