"""A run's life: the one writer, what it has open, what it plans, and who shares its windows."""
