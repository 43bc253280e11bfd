-- Takes the points that are to be placed out of the list, and numbers them: the answer comes back by number, so that no
-- coordinate has to survive a way through text.
-- Reads and writes: pipeline.unplaced_points, chicago.community_area_estimates. Writes: temporary tables
-- numbered_points, placed_points. Run by: tasks/warehouse/community_areas.py, within the count's lock.

create temporary table numbered_points on commit drop as
select
    points.latitude,
    points.longitude,
    cast(row_number() over () as integer) as number
from (
    select distinct
        unplaced_points.latitude,
        unplaced_points.longitude
    from pipeline.unplaced_points
) as points
where
    not exists (
        select 1
        from chicago.community_area_estimates as placed
        where placed.latitude = points.latitude and placed.longitude = points.longitude
    );

delete from pipeline.unplaced_points;

create temporary table placed_points (
    number integer not null,
    community_area smallint,
    metres_to_border double precision,
    neighbouring_area smallint
) on commit drop;
