"""Threads of a run work in its context."""

from contextvars import ContextVar

from tasks.source.threads import RunThreads

run = ContextVar("run", default="none")


def test_work_is_done_in_the_context_of_who_submits_it():
    run.set("mine")
    with RunThreads(2) as pool:
        assert pool.submit(run.get).result() == "mine"
        assert list(pool.map(lambda number: (number, run.get()), range(3))) == [
            (0, "mine"),
            (1, "mine"),
            (2, "mine"),
        ]
        pool.submit(run.set, "theirs").result()
    assert run.get() == "mine"
