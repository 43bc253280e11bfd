"""The steps of a run, one module each, and the rooms that they stand on: source, contract, warehouse."""
