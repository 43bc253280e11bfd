"""PostgreSQL: connections, locks, migrations, the ledger, COPY, the counts and the views."""
