"""What a person sees of a run: its report, its progress on the terminal, its artifacts in Prefect."""
