-- One row written is one comparison of the source with what we hold, and the source's state meanwhile.
-- Reads: nothing. Writes: pipeline.audits. Run by: tasks/warehouse/audits.py.
-- Parameters: run_id, round, proof, span_start and span_end (Chicago wall clock, end excluded; no start: nothing is
-- held; no end: it is open), source_rows, our_rows, missing, surplus, outdated, damaged, days, equal, last_modified,
-- row_count, newest_update, oldest_occurrence; outside_rows, unexplained_rows: of ours, before the span.

insert into pipeline.audits (
    run_id, round, proof, span, source_rows, our_rows, missing_rows, surplus_rows, outdated_rows, damaged_rows,
    differing_days, outside_rows, unexplained_rows,
    equal, source_last_modified, source_row_count, source_newest_update, source_oldest_occurrence
)
values (
    :run_id,
    :round,
    :proof,
    case when cast(:span_start as timestamp without time zone) is not null then tsrange(:span_start, :span_end) end,
    :source_rows,
    :our_rows,
    :missing,
    :surplus,
    :outdated,
    :damaged,
    :days,
    :outside_rows,
    :unexplained_rows,
    :equal,
    :last_modified,
    :row_count,
    :newest_update,
    :oldest_occurrence
);
