-- Empties the warehouse: no crime, no history, no ledger, no dataset. The lists and the calendar stay, and one row of
-- the ledger says what was done.
-- Reads: nothing. Writes: all tables but the lists, the calendar, the settings and what was deployed.
-- Run by: tasks/commands/start_anew.py. Parameters: message, host, process_id.

truncate
chicago.crimes,
chicago.crime_history,
pipeline.rejected_rows,
pipeline.source_columns,
pipeline.proven_months,
pipeline.compared_days,
pipeline.audits,
pipeline.windows,
pipeline.watermark,
pipeline.runs,
pipeline.dataset,
pipeline.counts_state,
pipeline.crime_changes,
pipeline.daily_counts,
pipeline.hour_counts,
pipeline.place_counts,
pipeline.cell_counts,
pipeline.code_counts,
pipeline.place_period_counts,
pipeline.cell_period_counts,
pipeline.community_area_period_counts,
pipeline.time_sums,
pipeline.counted_periods,
pipeline.period_counts_state,
chicago.community_area_estimates,
pipeline.community_area_basis,
pipeline.unplaced_points,
pipeline.reporting_delay,
pipeline.nowcasts;

insert into pipeline.runs (mode, status, ended_at, message, host, process_id)
values ('start-anew', 'done', pipeline.next_moment(), :message, :host, :process_id);
