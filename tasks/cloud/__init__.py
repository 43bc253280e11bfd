"""What AWS and Prefect's blocks keep for a run: settings, logins, certificates."""
