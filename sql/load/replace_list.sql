-- One row: how many rows of a list were added or changed, and how many were removed.
-- Makes the list equal to the rows given; readers see the old list or the new one.
-- Writes: the table of schema chicago that list names.
-- Run by: tasks/warehouse/reference.py (replace_table), which knows the lists.
-- Parameters: list, rows (a JSON array of objects with the table's columns).

select
    replaced.stored_rows,
    replaced.removed_rows
from pipeline.replace_list(cast(:list as regclass), cast(:rows as json)) as replaced;
