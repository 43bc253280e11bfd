"""PostgreSQL: connections, migrations, the sync of a window, the ledger, the audit's comparison, the views."""
