-- One row is one load of a list. Writes: pipeline.reference_loads.
-- Run by: tasks/warehouse/reference.py (record_load), in the transaction of the load.
-- Parameters: list_name, loaded_from, row_count, changed_rows, loaded_at (an instant).

insert into pipeline.reference_loads (list_name, loaded_from, row_count, changed_rows, loaded_at)
values (:list_name, :loaded_from, :row_count, :changed_rows, :loaded_at);
