"""The services of a laptop: an embedded PostgreSQL and Prefect's server. Others import `tasks.local.services` alone."""
