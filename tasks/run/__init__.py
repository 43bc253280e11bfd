"""A run's life: the one writer, what it has open, what it plans, and the flow runs that share its windows."""
