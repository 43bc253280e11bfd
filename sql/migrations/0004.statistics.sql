-- depends: 0003.crimes_as_of
-- What the planner cannot know of the groups that the views are made of: without it, it takes each occurrence for a
-- group of its own and plans for millions of groups, on one processor, instead of thousands on all.
-- Filled by analyze. Run by: tasks/warehouse/migrations.py (yoyo), once, under the writer's lock.

create statistics chicago.crimes_date_district (ndistinct)
on (cast(date_of_occurrence as date)), district from chicago.crimes;

create statistics chicago.crimes_places (ndistinct)
on beat, district, ward, primary_description, fbi_code from chicago.crimes;

create statistics chicago.crimes_hours (ndistinct)
on (cast(extract(hour from date_of_occurrence) as smallint)), (cast(date_of_occurrence as time) = '00:00')
from chicago.crimes;

create statistics chicago.crimes_cells (ndistinct)
on
(cast(floor(x_coordinate / cast(1000 as double precision)) as integer)),
(cast(floor(y_coordinate / cast(1000 as double precision)) as integer)),
primary_description,
fbi_code
from chicago.crimes;
