-- Forgets all estimates, and lists every point of crimes without a published community area: the shapes or the rule are
-- others than those that the estimates rest on.
-- Reads: chicago.crimes. Writes: chicago.community_area_estimates, pipeline.unplaced_points,
-- pipeline.community_area_basis, pipeline.period_counts_state. Run by: tasks/warehouse/community_areas.py.
-- Parameters: basis.

delete from chicago.community_area_estimates;

delete from pipeline.unplaced_points;

insert into pipeline.unplaced_points
select distinct
    crimes.latitude,
    crimes.longitude
from chicago.crimes
where
    crimes.community_area is null
    and crimes.latitude is not null
    and crimes.longitude is not null;

-- Those counts are of the estimates: a crime that has gone, alone at its point, could not be taken from its area any
-- more.
delete from pipeline.period_counts_state;

delete from pipeline.community_area_basis;

insert into pipeline.community_area_basis (basis) values (:basis);
