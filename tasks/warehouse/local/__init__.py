"""The parts of the local services; `tasks.warehouse.local_services` is the one module that others import."""
