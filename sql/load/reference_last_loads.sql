-- One row is the newest load of a list. Reads: pipeline.reference_loads.
-- Run by: tasks/warehouse/reference.py (read_last_loads).

select distinct on (list_name)
    list_name,
    loaded_from,
    row_count,
    changed_rows,
    loaded_at
from pipeline.reference_loads
order by list_name asc, loaded_at desc, load_id desc;
