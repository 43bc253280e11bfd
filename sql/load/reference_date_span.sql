-- One row: the first and the last Chicago local date of an occurrence, null when there is none.
-- Reads: chicago.crimes (both ends by its index).
-- Run by: tasks/warehouse/reference.py (read_date_span).

select
    cast(min(date_of_occurrence) as date) as first_date,
    cast(max(date_of_occurrence) as date) as last_date
from chicago.crimes;
