-- One row is one load of a list. Writes: pipeline.reference_loads.
-- Reads: :list_name, :loaded_from, :row_count, :changed_rows, :loaded_at (an instant).
-- Run by: tasks/warehouse/reference.py (record_load), in the transaction of the load.

insert into pipeline.reference_loads (list_name, loaded_from, row_count, changed_rows, loaded_at)
values (:list_name, :loaded_from, :row_count, :changed_rows, :loaded_at);
