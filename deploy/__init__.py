"""How the project gets to where it runs: Prefect here, the cloud beside it."""
