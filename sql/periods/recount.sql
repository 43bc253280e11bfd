-- One row is a table of counts by period that differs from counting the crimes of its periods anew: in how many groups,
-- and one of them, as JSON, with what of it is counted too often (below 0: not often enough). None: they are the same.
-- The periods are those that the counts are of, and what a refresh has yet to bring in is taken for counted. Written on
-- its own, and not as changes.sql and merge.sql count, so that a mistake of one is seen.
-- Reads: chicago.crimes, chicago.fbi_codes, chicago.community_area_estimates, pipeline.primary_type_spellings,
-- pipeline.crime_changes, pipeline.counted_periods, the tables of counts by period. Writes: nothing.
-- Run by: tasks/warehouse/counts.py.

with crimes_to_count as (
    select
        -1 as weight,
        crimes.date_of_occurrence,
        crimes.beat,
        crimes.district,
        crimes.ward,
        crimes.community_area,
        crimes.primary_description,
        crimes.fbi_code,
        crimes.arrest,
        crimes.domestic,
        crimes.x_coordinate,
        crimes.y_coordinate,
        crimes.latitude,
        crimes.longitude
    from chicago.crimes
    where
        crimes.date_of_occurrence >= (select min(counted_periods.first_date) from pipeline.counted_periods)
    union all
    select
        crime_changes.crimes as weight,
        crime_changes.date_of_occurrence,
        crime_changes.beat,
        crime_changes.district,
        crime_changes.ward,
        crime_changes.community_area,
        crime_changes.primary_description,
        crime_changes.fbi_code,
        crime_changes.arrest,
        crime_changes.domestic,
        crime_changes.x_coordinate,
        crime_changes.y_coordinate,
        crime_changes.latitude,
        crime_changes.longitude
    from pipeline.crime_changes
),

-- One row is a crime in a period.
in_periods as (
    select
        crimes_to_count.weight,
        counted_periods.period,
        crimes_to_count.beat,
        crimes_to_count.district,
        crimes_to_count.ward,
        crimes_to_count.community_area as published_area,
        coalesce(crimes_to_count.community_area, estimates.community_area) as area,
        num_nulls(crimes_to_count.community_area) * num_nonnulls(estimates.community_area) = 1 as is_estimated,
        case
            when num_nulls(crimes_to_count.community_area) = 1 then estimates.neighbouring_area
        end as neighbouring_area,
        coalesce(spellings.primary_type, crimes_to_count.primary_description) as primary_type,
        crimes_to_count.fbi_code,
        coalesce(codes.is_violent, false) as is_violent,
        crimes_to_count.weight * cast(crimes_to_count.arrest as integer) as arrests,
        crimes_to_count.weight * cast(crimes_to_count.domestic as integer) as domestic,
        num_nulls(crimes_to_count.x_coordinate, crimes_to_count.y_coordinate) = 0 as has_point,
        cast(floor(crimes_to_count.x_coordinate / cast(1000 as numeric)) as integer) as cell_x,
        cast(floor(crimes_to_count.y_coordinate / cast(1000 as numeric)) as integer) as cell_y
    from crimes_to_count
    inner join pipeline.counted_periods
        on
            counted_periods.is_held
            and date_trunc('day', crimes_to_count.date_of_occurrence)
            between counted_periods.first_date and counted_periods.last_date
    -- Left, all: as changes.sql says.
    left join chicago.community_area_estimates as estimates
        on
            crimes_to_count.latitude = estimates.latitude
            and crimes_to_count.longitude = estimates.longitude
    left join pipeline.primary_type_spellings as spellings on crimes_to_count.primary_description = spellings.published
    left join chicago.fbi_codes as codes on crimes_to_count.fbi_code = codes.fbi_code
),

-- One row is a group of a table and a period, or a crime of it: both are added.
entries as (
    select
        'place_period_counts' as table_name,
        jsonb_build_object(
            'beat', counts.beat, 'district', counts.district, 'ward', counts.ward,
            'community_area', counts.community_area, 'primary_type', counts.primary_type, 'fbi_code', counts.fbi_code,
            'period', periods.period
        ) as place,
        periods.crimes,
        periods.arrests,
        periods.domestic
    from pipeline.place_period_counts as counts
    -- Four rows on the right.
    cross join
        lateral (
            values
            ('last_year', counts.last_year, counts.last_year_arrests, counts.last_year_domestic),
            ('year_before', counts.year_before, counts.year_before_arrests, counts.year_before_domestic),
            ('year_to_date', counts.year_to_date, counts.year_to_date_arrests, counts.year_to_date_domestic),
            (
                'year_to_date_before', counts.year_to_date_before, counts.year_to_date_before_arrests,
                counts.year_to_date_before_domestic
            )
        ) as periods (period, crimes, arrests, domestic)
    union all
    select
        'place_period_counts' as table_name,
        jsonb_build_object(
            'beat', in_periods.beat, 'district', in_periods.district, 'ward', in_periods.ward,
            'community_area', in_periods.published_area, 'primary_type', in_periods.primary_type,
            'fbi_code', in_periods.fbi_code, 'period', in_periods.period
        ) as place,
        in_periods.weight as crimes,
        in_periods.arrests,
        in_periods.domestic
    from in_periods
    union all
    select
        'community_area_period_counts' as table_name,
        jsonb_build_object(
            'community_area', counts.community_area, 'is_estimated', counts.is_estimated,
            'neighbouring_area', counts.neighbouring_area, 'primary_type', counts.primary_type,
            'fbi_code', counts.fbi_code, 'period', periods.period
        ) as place,
        periods.crimes,
        periods.arrests,
        periods.domestic
    from pipeline.community_area_period_counts as counts
    -- Four rows on the right.
    cross join
        lateral (
            values
            ('last_year', counts.last_year, counts.last_year_arrests, counts.last_year_domestic),
            ('year_before', counts.year_before, counts.year_before_arrests, counts.year_before_domestic),
            ('year_to_date', counts.year_to_date, counts.year_to_date_arrests, counts.year_to_date_domestic),
            (
                'year_to_date_before', counts.year_to_date_before, counts.year_to_date_before_arrests,
                counts.year_to_date_before_domestic
            )
        ) as periods (period, crimes, arrests, domestic)
    union all
    select
        'community_area_period_counts' as table_name,
        jsonb_build_object(
            'community_area', in_periods.area, 'is_estimated', in_periods.is_estimated,
            'neighbouring_area', in_periods.neighbouring_area, 'primary_type', in_periods.primary_type,
            'fbi_code', in_periods.fbi_code, 'period', in_periods.period
        ) as place,
        in_periods.weight as crimes,
        in_periods.arrests,
        in_periods.domestic
    from in_periods
    union all
    select
        'cell_period_counts' as table_name,
        jsonb_build_object(
            'cell_x', counts.cell_x, 'cell_y', counts.cell_y, 'primary_type', counts.primary_type,
            'is_violent', counts.is_violent, 'period', periods.period
        ) as place,
        periods.crimes,
        0 as arrests,
        0 as domestic
    from pipeline.cell_period_counts as counts
    -- Four rows on the right.
    cross join
        lateral (
            values
            ('last_year', counts.last_year),
            ('year_before', counts.year_before),
            ('year_to_date', counts.year_to_date),
            ('year_to_date_before', counts.year_to_date_before)
        ) as periods (period, crimes)
    union all
    select
        'cell_period_counts' as table_name,
        jsonb_build_object(
            'cell_x', case when in_periods.has_point then in_periods.cell_x end,
            'cell_y', case when in_periods.has_point then in_periods.cell_y end,
            'primary_type', case when in_periods.has_point then in_periods.primary_type end,
            'is_violent', case when in_periods.has_point then in_periods.is_violent end,
            'period', in_periods.period
        ) as place,
        in_periods.weight as crimes,
        0 as arrests,
        0 as domestic
    from in_periods
),

differing as (
    select
        entries.table_name,
        entries.place,
        jsonb_build_object(
            'crimes', sum(entries.crimes), 'arrests', sum(entries.arrests), 'domestic', sum(entries.domestic)
        ) as surplus
    from entries
    group by entries.table_name, entries.place
    having sum(entries.crimes) <> 0 or sum(entries.arrests) <> 0 or sum(entries.domestic) <> 0
)

select
    differing.table_name,
    count(*) as group_count,
    cast((array_agg(differing.place order by differing.place))[1] as text) as place,
    cast((array_agg(differing.surplus order by differing.place))[1] as text) as surplus
from differing
group by differing.table_name
order by differing.table_name;
