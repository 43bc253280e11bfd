-- One row: the source's last load by the counts (null: none is known), and the first date that is held whole.
-- Reads: pipeline.counts_state. Writes: nothing. Run by: tasks/warehouse/nowcast.py.

select
    counts_state.last_complete_date + 21 as load_date,
    counts_state.first_complete_date
from pipeline.counts_state;
