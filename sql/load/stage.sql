-- One row of staged_crimes is one accepted row of the window as read; of staged_rejects, one rejected row; of
-- present_ids, one row id that the source was asked about and still has. All three live for one transaction.
-- Reads: nothing. Writes: temporary tables. Run by: tasks/sync/apply.py, first, before COPY fills
-- them, and tasks/proof/contents.py.

create temporary table staged_crimes (
    like chicago.crimes including defaults
) on commit drop;

create temporary table staged_rejects (
    crime_id text collate "C",
    case_number text,
    date_of_occurrence timestamp without time zone,
    version text,
    updated_at timestamp with time zone,
    updated_on timestamp without time zone,
    raw jsonb,
    reasons text[]
) on commit drop;

create temporary table present_ids (
    crime_id text collate "C"
) on commit drop;
