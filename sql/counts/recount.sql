-- One row is a table of counts that differs from counting all crimes anew: in how many groups, and one of them, as
-- JSON, with what of it is counted too often (below 0: not often enough). None: they are the same. What a refresh has
-- yet to bring in is taken for counted; until it has, newest dates and incomplete days are not compared. Written on its
-- own, and not as merge.sql counts, so that a mistake of one is seen.
-- Reads: chicago.crimes, chicago.fbi_codes, pipeline.primary_type_spellings, pipeline.crime_changes, the tables of
-- counts, pipeline.counts_state. Writes: nothing. Run by: tasks/warehouse/counts.py.

with crimes_to_count as (
    -- What was counted and is not, or is and was not, is left over when these are taken from the counts.
    select
        -1 as weight,
        crimes.date_of_occurrence,
        crimes.beat,
        crimes.district,
        crimes.ward,
        crimes.iucr,
        crimes.primary_description,
        crimes.fbi_code,
        crimes.arrest,
        crimes.domestic,
        crimes.x_coordinate,
        crimes.y_coordinate
    from chicago.crimes
    union all
    select
        crime_changes.crimes as weight,
        crime_changes.date_of_occurrence,
        crime_changes.beat,
        crime_changes.district,
        crime_changes.ward,
        crime_changes.iucr,
        crime_changes.primary_description,
        crime_changes.fbi_code,
        crime_changes.arrest,
        crime_changes.domestic,
        crime_changes.x_coordinate,
        crime_changes.y_coordinate
    from pipeline.crime_changes
),

-- Each with the groups that it is counted in.
weighed as not materialized (
    select
        crimes_to_count.weight,
        cast(date_trunc('day', crimes_to_count.date_of_occurrence) as date) as date,
        cast(date_part('hour', crimes_to_count.date_of_occurrence) as smallint) as hour,
        crimes_to_count.date_of_occurrence = date_trunc('day', crimes_to_count.date_of_occurrence) as is_unknown_time,
        crimes_to_count.weight * cast(
            crimes_to_count.date_of_occurrence - date_trunc('day', crimes_to_count.date_of_occurrence)
            = interval '1 minute' as integer
        ) as at_one_past_midnight,
        crimes_to_count.weight * cast(
            crimes_to_count.date_of_occurrence - date_trunc('day', crimes_to_count.date_of_occurrence)
            = interval '12 hours' as integer
        ) as at_exact_noon,
        crimes_to_count.weight * cast(
            crimes_to_count.date_of_occurrence - date_trunc('day', crimes_to_count.date_of_occurrence)
            in (interval '0', interval '1 minute') as integer
        ) as at_placeholder_time,
        crimes_to_count.beat,
        crimes_to_count.district,
        crimes_to_count.ward,
        crimes_to_count.iucr,
        crimes_to_count.fbi_code,
        coalesce(spellings.primary_type, crimes_to_count.primary_description) as primary_type,
        coalesce(codes.is_violent, false) as is_violent,
        crimes_to_count.weight * cast(coalesce(codes.is_violent, false) as integer) as violent,
        crimes_to_count.weight * cast(coalesce(codes.is_property, false) as integer) as property,
        crimes_to_count.weight * cast(crimes_to_count.arrest as integer) as arrests,
        crimes_to_count.weight * cast(crimes_to_count.domestic as integer) as domestic,
        -- The newest date of a group is that of its crimes as they are.
        case when crimes_to_count.weight = -1 then cast(crimes_to_count.date_of_occurrence as date) end as held_date,
        crimes_to_count.weight * cast(
            not coalesce(
                cast(crimes_to_count.date_of_occurrence as date)
                between counts_state.first_complete_date and counts_state.last_complete_date,
                false
            ) as integer
        ) as incomplete_crimes,
        num_nulls(crimes_to_count.x_coordinate, crimes_to_count.y_coordinate) = 0 as has_point,
        cast(floor(crimes_to_count.x_coordinate / cast(1000 as numeric)) as integer) as cell_x,
        cast(floor(crimes_to_count.y_coordinate / cast(1000 as numeric)) as integer) as cell_y
    from crimes_to_count
    -- Left: most kinds have one spelling, and codes can be newer than the list.
    left join pipeline.primary_type_spellings as spellings on crimes_to_count.primary_description = spellings.published
    left join chicago.fbi_codes as codes on crimes_to_count.fbi_code = codes.fbi_code
    -- At most one row; left: nothing was counted yet.
    left join pipeline.counts_state on true
),

followed as (
    select not exists (select 1 from pipeline.crime_changes) as are_all
),

daily as (
    select
        'daily_counts' as table_name,
        jsonb_build_object('date', days.date, 'district', days.district) as place,
        jsonb_build_object(
            'crimes', sum(days.crimes), 'violent', sum(days.violent), 'property', sum(days.property),
            'arrests', sum(days.arrests), 'domestic', sum(days.domestic),
            'at_placeholder_time', sum(days.at_placeholder_time),
            'violent_at_placeholder_time', sum(days.violent_at_placeholder_time)
        ) as surplus
    from (
        select
            daily_counts.date,
            daily_counts.district,
            daily_counts.crimes,
            daily_counts.violent,
            daily_counts.property,
            daily_counts.arrests,
            daily_counts.domestic,
            daily_counts.at_placeholder_time,
            daily_counts.violent_at_placeholder_time
        from pipeline.daily_counts
        union all
        select
            weighed.date,
            weighed.district,
            weighed.weight as crimes,
            weighed.violent,
            weighed.property,
            weighed.arrests,
            weighed.domestic,
            weighed.at_placeholder_time,
            weighed.at_placeholder_time * cast(weighed.is_violent as integer) as violent_at_placeholder_time
        from weighed
    ) as days
    group by days.date, days.district
    having
        sum(days.crimes) <> 0 or sum(days.violent) <> 0 or sum(days.property) <> 0 or sum(days.arrests) <> 0
        or sum(days.domestic) <> 0 or sum(days.at_placeholder_time) <> 0 or sum(days.violent_at_placeholder_time) <> 0
),

hourly as (
    select
        'hour_counts' as table_name,
        jsonb_build_object('date', hours.date, 'hour', hours.hour, 'is_unknown_time', hours.is_unknown_time) as place,
        jsonb_build_object(
            'crimes', sum(hours.crimes), 'at_one_past_midnight', sum(hours.at_one_past_midnight),
            'at_exact_noon', sum(hours.at_exact_noon)
        ) as surplus
    from (
        select
            hour_counts.date,
            hour_counts.hour,
            hour_counts.is_unknown_time,
            hour_counts.crimes,
            hour_counts.at_one_past_midnight,
            hour_counts.at_exact_noon
        from pipeline.hour_counts
        union all
        select
            weighed.date,
            weighed.hour,
            weighed.is_unknown_time,
            weighed.weight as crimes,
            weighed.at_one_past_midnight,
            weighed.at_exact_noon
        from weighed
    ) as hours
    group by hours.date, hours.hour, hours.is_unknown_time
    having
        sum(hours.crimes) <> 0 or sum(hours.at_one_past_midnight) <> 0 or sum(hours.at_exact_noon) <> 0
),

placed as (
    select
        'place_counts' as table_name,
        jsonb_build_object(
            'beat', places.beat, 'district', places.district, 'ward', places.ward, 'primary_type', places.primary_type,
            'fbi_code', places.fbi_code
        ) as place,
        jsonb_build_object(
            'crimes', sum(places.crimes), 'arrests', sum(places.arrests), 'domestic', sum(places.domestic),
            'incomplete_crimes', sum(places.incomplete_crimes),
            'incomplete_arrests', sum(places.incomplete_arrests),
            'incomplete_domestic', sum(places.incomplete_domestic)
        ) as surplus
    from (
        select
            place_counts.beat,
            place_counts.district,
            place_counts.ward,
            place_counts.primary_type,
            place_counts.fbi_code,
            place_counts.crimes,
            place_counts.arrests,
            place_counts.domestic,
            place_counts.incomplete_crimes,
            place_counts.incomplete_arrests,
            place_counts.incomplete_domestic
        from pipeline.place_counts
        union all
        select
            weighed.beat,
            weighed.district,
            weighed.ward,
            weighed.primary_type,
            weighed.fbi_code,
            weighed.weight as crimes,
            weighed.arrests,
            weighed.domestic,
            weighed.incomplete_crimes,
            weighed.incomplete_crimes * abs(weighed.arrests) as incomplete_arrests,
            weighed.incomplete_crimes * abs(weighed.domestic) as incomplete_domestic
        from weighed
    ) as places
    group by places.beat, places.district, places.ward, places.primary_type, places.fbi_code
    having
        sum(places.crimes) <> 0 or sum(places.arrests) <> 0 or sum(places.domestic) <> 0
        or (
            (select followed.are_all from followed)
            and (
                sum(places.incomplete_crimes) <> 0 or sum(places.incomplete_arrests) <> 0
                or sum(places.incomplete_domestic) <> 0
            )
        )
),

celled as (
    select
        'cell_counts' as table_name,
        jsonb_build_object(
            'cell_x', cells.cell_x, 'cell_y', cells.cell_y, 'primary_type', cells.primary_type,
            'is_violent', cells.is_violent
        ) as place,
        jsonb_build_object(
            'crimes', sum(cells.crimes), 'latest_date', max(cells.latest_date), 'held_date', max(cells.held_date)
        ) as surplus
    from (
        select
            cell_counts.cell_x,
            cell_counts.cell_y,
            cell_counts.primary_type,
            cell_counts.is_violent,
            cell_counts.crimes,
            cell_counts.latest_date,
            cast(null as date) as held_date
        from pipeline.cell_counts
        union all
        select
            case when weighed.has_point then weighed.cell_x end as cell_x,
            case when weighed.has_point then weighed.cell_y end as cell_y,
            case when weighed.has_point then weighed.primary_type end as primary_type,
            case when weighed.has_point then weighed.is_violent end as is_violent,
            weighed.weight as crimes,
            null as latest_date,
            weighed.held_date
        from weighed
    ) as cells
    group by cells.cell_x, cells.cell_y, cells.primary_type, cells.is_violent
    having
        sum(cells.crimes) <> 0
        or (
            (select followed.are_all from followed)
            and max(cells.latest_date) is distinct from max(cells.held_date)
        )
),

coded as (
    select
        'code_counts' as table_name,
        jsonb_build_object('iucr', codes.iucr) as place,
        jsonb_build_object('crimes', sum(codes.crimes)) as surplus
    from (
        select
            code_counts.iucr,
            code_counts.crimes
        from pipeline.code_counts
        union all
        select
            weighed.iucr,
            weighed.weight as crimes
        from weighed
    ) as codes
    group by codes.iucr
    having sum(codes.crimes) <> 0
),

differing as (
    select
        daily.table_name,
        daily.place,
        daily.surplus
    from daily
    union all
    select
        hourly.table_name,
        hourly.place,
        hourly.surplus
    from hourly
    union all
    select
        placed.table_name,
        placed.place,
        placed.surplus
    from placed
    union all
    select
        celled.table_name,
        celled.place,
        celled.surplus
    from celled
    union all
    select
        coded.table_name,
        coded.place,
        coded.surplus
    from coded
)

select
    differing.table_name,
    count(*) as group_count,
    cast((array_agg(differing.place order by differing.place))[1] as text) as place,
    cast((array_agg(differing.surplus order by differing.place))[1] as text) as surplus
from differing
group by differing.table_name
order by differing.table_name;
