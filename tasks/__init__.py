"""The steps of a run, one module each, and the rooms that they stand on: source, contract, warehouse."""

import logging

# A deployed run's lines go to Prefect through PREFECT_LOGGING_EXTRA_LOGGERS, which brings a handler and no level.
logging.getLogger(__name__).setLevel(logging.INFO)
