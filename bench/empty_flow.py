"""A flow that does nothing, on the same server: what Prefect costs a process before any work."""

from prefect import flow


@flow(name="empty", log_prints=False)
def empty() -> int:
    """Return at once."""
    return 0


if __name__ == "__main__":
    empty()
