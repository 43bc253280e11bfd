-- One row: how long before its newest stamp the source reached back at most, of all proofs since a span was accepted by
-- hand; null before the first proof. A source without a dated row before its stamps reached back to nothing.
-- Reads: pipeline.audits, pipeline.runs. Writes: nothing. Run by: tasks/warehouse/audits.py.

select max(pipeline.span_reach(audits.span, audits.source_newest_update)) as longest_span
from pipeline.audits as audits
where
    audits.equal
    and audits.audit_id >= coalesce(
        (
            select max(accepted.audit_id)
            from pipeline.audits as accepted
            -- Inner: each comparison is of a run.
            inner join pipeline.runs as runs on accepted.run_id = runs.run_id
            where runs.accept_span and accepted.equal and accepted.unexplained_rows > 0
        ),
        0
    );
