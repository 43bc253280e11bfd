-- One row written is a run that did nothing, because another one was at work.
-- Reads: nothing. Writes: pipeline.runs. Run by: tasks/warehouse/ledger.py. Parameters: mode, host, process_id.

insert into pipeline.runs (mode, status, ended_at, message, host, process_id)
values (:mode, 'skipped', pipeline.next_moment(), 'another run is at work', :host, :process_id);
