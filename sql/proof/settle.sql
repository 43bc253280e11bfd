-- Writes the reasons of retired rows: a row of settled is a retired row and the row that replaced it; null: none did.
-- Reads: settled (temporary, filled by COPY). Writes: chicago.crime_history. Run by: tasks/proof/settle.py.

update chicago.crime_history as history
set
    reason = case when settled.replaced_by is null then 'withdrawn' else 'revised' end,
    replaced_by = settled.replaced_by
from settled
where
    history.crime_id = settled.crime_id
    and history.retired_at = settled.retired_at
    and history.reason is null;
