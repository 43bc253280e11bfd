-- Makes new_periods, the periods of now, and period_changes: one row is a crime that the counts by period change
-- by, or some that are alike, and how many it brings to each period (below 0: takes from it).
--
-- A crime that came or went since the last time came to or went from the periods as they were then. After that, each
-- day that has entered a period brings all its crimes as they are now, and each that has left one takes them. So a
-- refresh reads the days at the ends of the periods, and those of two years when the newest complete day becomes
-- 1 January. Where nothing is counted yet, no period had a day: all of them enter.
-- Reads: changed_crimes, chicago.crimes, chicago.community_area_estimates, chicago.fbi_codes,
-- pipeline.primary_type_spellings, pipeline.daily_counts, pipeline.counts_state, pipeline.counted_periods.
-- Writes: temporary tables. Run by: tasks/warehouse/periods.py, within the count's lock.

create temporary table new_periods on commit drop as
with complete_days as materialized (
    select distinct daily_counts.date
    from pipeline.daily_counts
    -- One row on the right.
    inner join pipeline.counts_state
        on daily_counts.date between counts_state.first_complete_date and counts_state.last_complete_date
),

newest as (
    select max(complete_days.date) as last_date
    from complete_days
),

spans as (
    select
        spans.number,
        spans.period,
        spans.first_date,
        spans.last_date
    from newest
    -- Four rows on the right.
    cross join
        lateral (
            values
            (1, 'last_year', newest.last_date - 363, newest.last_date),
            (2, 'year_before', newest.last_date - 727, newest.last_date - 364),
            (3, 'year_to_date', cast(date_trunc('year', newest.last_date) as date), newest.last_date),
            (
                4,
                'year_to_date_before',
                cast(date_trunc('year', newest.last_date) - interval '1 year' as date),
                -- The 28th for 29 February.
                cast(newest.last_date - interval '1 year' as date)
            )
        ) as spans (number, period, first_date, last_date)
),

held_days as (
    select
        spans.number,
        spans.period,
        spans.first_date,
        spans.last_date,
        min(complete_days.date) as first_held_date,
        cast(count(complete_days.date) as integer) as days
    from spans
    -- Left: a period of which no day is held keeps its row.
    left join complete_days on complete_days.date between spans.first_date and spans.last_date
    group by spans.number, spans.period, spans.first_date, spans.last_date
)

select
    held_days.number,
    held_days.period,
    case
        when held_days.period = 'last_year' then held_days.first_held_date
        else held_days.first_date
    end as first_date,
    held_days.last_date,
    held_days.days,
    case
        when held_days.period = 'last_year' then held_days.days > 0
        else coalesce(held_days.days = held_days.last_date - held_days.first_date + 1, false)
    end as is_held
from held_days;

create temporary table weighed_crimes on commit drop as
with spans_before as (
    select
        counted_periods.period,
        daterange(counted_periods.first_date, counted_periods.last_date, '[]') as span
    from pipeline.counted_periods
    where counted_periods.is_held
),

spans_now as (
    select
        new_periods.period,
        daterange(new_periods.first_date, new_periods.last_date, '[]') as span
    from new_periods
    where new_periods.is_held
),

periods_before as materialized (
    select
        coalesce(
            (array_agg(spans_before.span) filter (where spans_before.period = 'last_year'))[1], 'empty'
        ) as last_year,
        coalesce(
            (array_agg(spans_before.span) filter (where spans_before.period = 'year_before'))[1], 'empty'
        ) as year_before,
        coalesce(
            (array_agg(spans_before.span) filter (where spans_before.period = 'year_to_date'))[1], 'empty'
        ) as year_to_date,
        coalesce(
            (array_agg(spans_before.span) filter (where spans_before.period = 'year_to_date_before'))[1], 'empty'
        ) as year_to_date_before
    from spans_before
),

periods_now as materialized (
    select
        coalesce(
            (array_agg(spans_now.span) filter (where spans_now.period = 'last_year'))[1], 'empty'
        ) as last_year,
        coalesce(
            (array_agg(spans_now.span) filter (where spans_now.period = 'year_before'))[1], 'empty'
        ) as year_before,
        coalesce(
            (array_agg(spans_now.span) filter (where spans_now.period = 'year_to_date'))[1], 'empty'
        ) as year_to_date,
        coalesce(
            (array_agg(spans_now.span) filter (where spans_now.period = 'year_to_date_before'))[1], 'empty'
        ) as year_to_date_before
    from spans_now
),

-- The days that entered or left any period, as spans without overlap.
moved_spans as (
    select unnest(range_agg(moved.days)) as days
    from spans_before
    -- Full: a period can be held from now on, or no more.
    full join spans_now on spans_before.period = spans_now.period
    cross join
        lateral unnest(
            (
                coalesce(datemultirange(spans_now.span), '{}')
                - coalesce(datemultirange(spans_before.span), '{}')
            )
            + (
                coalesce(datemultirange(spans_before.span), '{}')
                - coalesce(datemultirange(spans_now.span), '{}')
            )
        ) as moved (days)
),

weighed as (
    select
        changed_crimes.beat,
        changed_crimes.district,
        changed_crimes.ward,
        changed_crimes.community_area,
        changed_crimes.primary_description,
        changed_crimes.fbi_code,
        changed_crimes.arrest,
        changed_crimes.domestic,
        changed_crimes.x_coordinate,
        changed_crimes.y_coordinate,
        changed_crimes.latitude,
        changed_crimes.longitude,
        changed_crimes.crimes * cast(
            cast(changed_crimes.date_of_occurrence as date) <@ periods_before.last_year as integer
        ) as last_year,
        changed_crimes.crimes * cast(
            cast(changed_crimes.date_of_occurrence as date) <@ periods_before.year_before as integer
        ) as year_before,
        changed_crimes.crimes * cast(
            cast(changed_crimes.date_of_occurrence as date) <@ periods_before.year_to_date as integer
        ) as year_to_date,
        changed_crimes.crimes * cast(
            cast(changed_crimes.date_of_occurrence as date) <@ periods_before.year_to_date_before as integer
        ) as year_to_date_before
    from changed_crimes
    -- One row on the right.
    cross join periods_before
    union all
    select
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
        crimes.longitude,
        cast(cast(crimes.date_of_occurrence as date) <@ periods_now.last_year as integer)
        - cast(cast(crimes.date_of_occurrence as date) <@ periods_before.last_year as integer)
            as last_year,
        cast(cast(crimes.date_of_occurrence as date) <@ periods_now.year_before as integer)
        - cast(cast(crimes.date_of_occurrence as date) <@ periods_before.year_before as integer)
            as year_before,
        cast(cast(crimes.date_of_occurrence as date) <@ periods_now.year_to_date as integer)
        - cast(cast(crimes.date_of_occurrence as date) <@ periods_before.year_to_date as integer)
            as year_to_date,
        cast(cast(crimes.date_of_occurrence as date) <@ periods_now.year_to_date_before as integer)
        - cast(cast(crimes.date_of_occurrence as date) <@ periods_before.year_to_date_before as integer)
            as year_to_date_before
    from moved_spans
    inner join chicago.crimes
        on lower(moved_spans.days) <= crimes.date_of_occurrence and upper(moved_spans.days) > crimes.date_of_occurrence
    -- One row on the right, both.
    cross join periods_before
    cross join periods_now
)

select weighed.*
from weighed
where
    weighed.last_year <> 0 or weighed.year_before <> 0
    or weighed.year_to_date <> 0 or weighed.year_to_date_before <> 0;

-- In two steps, since a day's crimes look up their points, and those of two years read them all.
analyze weighed_crimes;

create temporary table period_changes on commit drop as
select
    weighed_crimes.beat,
    weighed_crimes.district,
    weighed_crimes.ward,
    weighed_crimes.community_area as published_area,
    coalesce(weighed_crimes.community_area, estimates.community_area) as community_area,
    weighed_crimes.community_area is null and estimates.community_area is not null as is_estimated,
    case when weighed_crimes.community_area is null then estimates.neighbouring_area end as neighbouring_area,
    coalesce(primary_type_spellings.primary_type, weighed_crimes.primary_description) as primary_type,
    weighed_crimes.fbi_code,
    coalesce(fbi_codes.is_violent, false) as is_violent,
    weighed_crimes.arrest,
    weighed_crimes.domestic,
    -- A point is both coordinates or none, and the crimes without one are one group.
    weighed_crimes.x_coordinate is not null and weighed_crimes.y_coordinate is not null as has_point,
    cast(floor(weighed_crimes.x_coordinate / cast(1000 as double precision)) as integer) as cell_x,
    cast(floor(weighed_crimes.y_coordinate / cast(1000 as double precision)) as integer) as cell_y,
    weighed_crimes.last_year,
    weighed_crimes.year_before,
    weighed_crimes.year_to_date,
    weighed_crimes.year_to_date_before
from weighed_crimes
-- Left: a crime can have no point, or one that was published with its area.
left join chicago.community_area_estimates as estimates
    on weighed_crimes.latitude = estimates.latitude and weighed_crimes.longitude = estimates.longitude
-- Left, both: most kinds have one spelling, and codes can be newer than the list.
left join pipeline.primary_type_spellings on weighed_crimes.primary_description = primary_type_spellings.published
left join chicago.fbi_codes on weighed_crimes.fbi_code = fbi_codes.fbi_code;

drop table weighed_crimes;

analyze period_changes;
