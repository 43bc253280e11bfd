-- Writes the estimates of the numbered points.
-- Reads: numbered_points, placed_points. Writes: chicago.community_area_estimates.
-- Run by: tasks/warehouse/community_areas.py, after number.sql.

insert into chicago.community_area_estimates (
    latitude, longitude, community_area, metres_to_border, neighbouring_area
)
select
    numbered_points.latitude,
    numbered_points.longitude,
    placed_points.community_area,
    placed_points.metres_to_border,
    placed_points.neighbouring_area
from numbered_points
-- Inner: each numbered point has its answer.
inner join placed_points on numbered_points.number = placed_points.number;

drop table numbered_points;

drop table placed_points;

analyze chicago.community_area_estimates;
