-- One row is a check of data_quality that is made on the crimes, and how many rows of crimes it concerns.
-- Reads: pipeline.code_counts and pipeline.hour_counts, which follow the crimes, chicago.iucr_codes,
-- chicago.place_cube, chicago.beats, chicago.police_stations, chicago.ward_offices, chicago.fbi_codes,
-- chicago.crime_map_cells.
-- Run by: tasks/warehouse/views.py; refreshed when the data changed.

create materialized view chicago.quality_counts as
with place_counts as (
    select
        coalesce(sum(place_cube.crimes), 0) as crimes,
        sum(place_cube.crimes) filter (where place_cube.beat is null) as no_beat,
        sum(place_cube.crimes) filter (where place_cube.beat is not null and beats.beat is null) as unlisted_beat,
        sum(place_cube.crimes) filter (where place_cube.district is null) as no_district,
        sum(place_cube.crimes)
        filter (where place_cube.district is not null and police_stations.district is null)
            as unlisted_district,
        sum(place_cube.crimes) filter (where place_cube.ward is null) as no_ward,
        sum(place_cube.crimes) filter (where place_cube.ward is not null and ward_offices.ward is null)
            as unlisted_ward,
        sum(place_cube.crimes) filter (where place_cube.fbi_code is null) as no_fbi_code,
        sum(place_cube.crimes) filter (where place_cube.fbi_code is not null and fbi_codes.fbi_code is null)
            as unlisted_fbi_code
    from chicago.place_cube
    -- Left, each on its list's key: what has no entry is what is counted, and nothing is doubled.
    left join chicago.beats on place_cube.beat = beats.beat
    left join chicago.police_stations on place_cube.district = police_stations.district
    left join chicago.ward_offices on place_cube.ward = ward_offices.ward
    left join chicago.fbi_codes on place_cube.fbi_code = fbi_codes.fbi_code
),

unlisted_codes as (
    select sum(code_counts.crimes) as unlisted_iucr
    from pipeline.code_counts
    -- Left: see above.
    left join chicago.iucr_codes on code_counts.iucr = iucr_codes.iucr
    where iucr_codes.iucr is null
),

time_counts as (
    select
        sum(hour_counts.crimes) filter (where hour_counts.is_unknown_time) as unknown_time,
        sum(hour_counts.crimes) filter (
            where hour_counts.is_unknown_time and extract(day from hour_counts.date) = 1
        ) as first_of_month,
        sum(hour_counts.at_one_past_midnight) as one_past_midnight,
        sum(hour_counts.at_one_past_midnight) filter (where extract(day from hour_counts.date) = 1)
            as first_one_past_midnight,
        sum(hour_counts.at_exact_noon) as exact_noon
    from pipeline.hour_counts
),

point_counts as (
    select sum(crime_map_cells.crimes) as no_point
    from chicago.crime_map_cells
    where crime_map_cells.cell_x is null
)

select
    checks.place,
    checks.check_name,
    cast(coalesce(checks.crimes, 0) as bigint) as crimes
from place_counts
-- One row each.
cross join unlisted_codes
cross join time_counts
cross join point_counts
-- Makes of the one row a row a check.
cross join lateral (
    values
    (1, 'crimes', place_counts.crimes),
    (2, 'beat not published', place_counts.no_beat),
    (3, 'beat not in the list', place_counts.unlisted_beat),
    (4, 'district not published', place_counts.no_district),
    (5, 'district not in the list', place_counts.unlisted_district),
    (6, 'ward not published', place_counts.no_ward),
    (7, 'ward not in the list', place_counts.unlisted_ward),
    (8, 'FBI code not published', place_counts.no_fbi_code),
    (9, 'FBI code not in the list', place_counts.unlisted_fbi_code),
    (10, 'IUCR code not in the list', unlisted_codes.unlisted_iucr),
    (11, 'no coordinates', point_counts.no_point),
    (12, 'time unknown (00:00)', time_counts.unknown_time),
    (13, 'date unknown (first of a month, 00:00)', time_counts.first_of_month),
    (14, 'time unknown (00:01)', time_counts.one_past_midnight),
    (15, 'date unknown (first of a month, 00:01)', time_counts.first_one_past_midnight),
    (16, 'exactly noon (12:00)', time_counts.exact_noon)
) as checks (place, check_name, crimes);

create unique index quality_counts_key on chicago.quality_counts (check_name);

comment on materialized view chicago.quality_counts is
'One row is a check on the rows of crimes.
Base of data_quality, which has these and says what they mean.
Unit: rows of crimes: incidents, and each victim of a homicide.
Period: all days held, complete or not.';

comment on column chicago.quality_counts.place is 'Place of the check in a list for reading.';

comment on column chicago.quality_counts.check_name is 'Key. As in data_quality.';

comment on column chicago.quality_counts.crimes is 'Rows of crimes that it concerns.';
