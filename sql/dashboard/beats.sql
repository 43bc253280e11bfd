-- One row is a police beat of the district asked for, or of all, by violent crime.
-- Reads: chicago.violent_crimes_by_beat. Run by: dashboard/site/districts.py, district.py.
-- Parameters: district (null: all).

select
    violent_crimes_by_beat.beat,
    violent_crimes_by_beat.district,
    violent_crimes_by_beat.district_name,
    violent_crimes_by_beat.violent_crimes,
    violent_crimes_by_beat.homicides,
    violent_crimes_by_beat.sexual_assaults,
    violent_crimes_by_beat.robberies,
    violent_crimes_by_beat.aggravated_assaults,
    violent_crimes_by_beat.aggravated_batteries,
    violent_crimes_by_beat.rank,
    violent_crimes_by_beat.rank_in_district,
    violent_crimes_by_beat.rank_from,
    violent_crimes_by_beat.rank_to
from chicago.violent_crimes_by_beat
where cast(:district as smallint) is null or violent_crimes_by_beat.district = cast(:district as smallint)
order by violent_crimes_by_beat.violent_crimes desc, violent_crimes_by_beat.beat asc;
