-- One row written is a window that waits; one that stands already is left as it is.
-- Reads: nothing. Writes: pipeline.windows. Run by: tasks/warehouse/ledger.py.
-- Parameters: run_id, kind, window_start, window_end, since, round.

insert into pipeline.windows (run_id, kind, "start", "end", since, round)
values (:run_id, :kind, :window_start, :window_end, :since, :round)
on conflict do nothing;
