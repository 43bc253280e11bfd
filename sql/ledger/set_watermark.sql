-- The watermark takes effect, also where it is lower than before: a stamp of the future had raised it.
-- Reads: nothing. Writes: pipeline.watermark. Run by: tasks/warehouse/ledger.py.
-- Parameters: dataset, watermark (an instant), run_id.

insert into pipeline.watermark (dataset, watermark, run_id)
values (:dataset, :watermark, :run_id)
on conflict (dataset) do update
    set
        watermark = excluded.watermark,
        run_id = excluded.run_id,
        set_at = pipeline.moment();
