-- Clears old loads of lists. Kept whatever their age: the newest of each list, which says when it is due again, and
-- those that the views do not know yet.
-- Reads: pipeline.deployed_views. Writes: pipeline.reference_loads. Run by: tasks/warehouse/clearing.py.
-- Parameters: days.

with newest as (
    select distinct on (loads.list_name) loads.load_id
    from pipeline.reference_loads as loads
    order by loads.list_name asc, loads.loaded_at desc, loads.load_id desc
)

delete from pipeline.reference_loads as loads
where
    greatest(loads.loaded_at, loads.stored_at)
    < pipeline.moment() - make_interval(secs => 86400 * cast(:days as double precision))
    and loads.stored_at
    < (select min(deployed.refreshed_at) from pipeline.deployed_views as deployed where deployed.is_materialized)
    and loads.load_id not in (select newest.load_id from newest);
