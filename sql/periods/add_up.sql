-- Says whether the counts by period add up to the counts by day: in each table as many crimes, arrests and domestic
-- crimes in each period as on its days, in no group less than none, and as many by hour as in last_year.
-- Reads: new_periods, pipeline.daily_counts, the tables of counts by period, pipeline.time_sums.
-- Run by: tasks/warehouse/periods.py.

with held as (
    select
        sum(days.crimes) filter (where days.period = 'last_year') as last_year,
        sum(days.arrests) filter (where days.period = 'last_year') as last_year_arrests,
        sum(days.domestic) filter (where days.period = 'last_year') as last_year_domestic,
        sum(days.crimes) filter (where days.period = 'year_before') as year_before,
        sum(days.arrests) filter (where days.period = 'year_before') as year_before_arrests,
        sum(days.domestic) filter (where days.period = 'year_before') as year_before_domestic,
        sum(days.crimes) filter (where days.period = 'year_to_date') as year_to_date,
        sum(days.arrests) filter (where days.period = 'year_to_date') as year_to_date_arrests,
        sum(days.domestic) filter (where days.period = 'year_to_date') as year_to_date_domestic,
        sum(days.crimes) filter (where days.period = 'year_to_date_before') as year_to_date_before,
        sum(days.arrests) filter (where days.period = 'year_to_date_before') as year_to_date_before_arrests,
        sum(days.domestic) filter (where days.period = 'year_to_date_before') as year_to_date_before_domestic
    from (
        select
            new_periods.period,
            daily_counts.crimes,
            daily_counts.arrests,
            daily_counts.domestic
        from new_periods
        inner join pipeline.daily_counts
            on daily_counts.date between new_periods.first_date and new_periods.last_date
        where new_periods.is_held
    ) as days
),

counted as (
    select
        sum(counts.last_year) as last_year,
        sum(counts.last_year_arrests) as last_year_arrests,
        sum(counts.last_year_domestic) as last_year_domestic,
        sum(counts.year_before) as year_before,
        sum(counts.year_before_arrests) as year_before_arrests,
        sum(counts.year_before_domestic) as year_before_domestic,
        sum(counts.year_to_date) as year_to_date,
        sum(counts.year_to_date_arrests) as year_to_date_arrests,
        sum(counts.year_to_date_domestic) as year_to_date_domestic,
        sum(counts.year_to_date_before) as year_to_date_before,
        sum(counts.year_to_date_before_arrests) as year_to_date_before_arrests,
        sum(counts.year_to_date_before_domestic) as year_to_date_before_domestic,
        min(
            least(
                counts.last_year,
                counts.year_before,
                counts.year_to_date,
                counts.year_to_date_before
            )
        ) as smallest
    from pipeline.place_period_counts as counts
    union all
    select
        sum(counts.last_year) as last_year,
        null as last_year_arrests,
        null as last_year_domestic,
        sum(counts.year_before) as year_before,
        null as year_before_arrests,
        null as year_before_domestic,
        sum(counts.year_to_date) as year_to_date,
        null as year_to_date_arrests,
        null as year_to_date_domestic,
        sum(counts.year_to_date_before) as year_to_date_before,
        null as year_to_date_before_arrests,
        null as year_to_date_before_domestic,
        min(
            least(
                counts.last_year,
                counts.year_before,
                counts.year_to_date,
                counts.year_to_date_before
            )
        ) as smallest
    from pipeline.cell_period_counts as counts
    union all
    select
        sum(counts.last_year) as last_year,
        sum(counts.last_year_arrests) as last_year_arrests,
        sum(counts.last_year_domestic) as last_year_domestic,
        sum(counts.year_before) as year_before,
        sum(counts.year_before_arrests) as year_before_arrests,
        sum(counts.year_before_domestic) as year_before_domestic,
        sum(counts.year_to_date) as year_to_date,
        sum(counts.year_to_date_arrests) as year_to_date_arrests,
        sum(counts.year_to_date_domestic) as year_to_date_domestic,
        sum(counts.year_to_date_before) as year_to_date_before,
        sum(counts.year_to_date_before_arrests) as year_to_date_before_arrests,
        sum(counts.year_to_date_before_domestic) as year_to_date_before_domestic,
        min(
            least(
                counts.last_year,
                counts.year_before,
                counts.year_to_date,
                counts.year_to_date_before
            )
        ) as smallest
    from pipeline.community_area_period_counts as counts
),

-- Each crime of last_year has an hour, or none, in its beat and in its district; of a watch not all are counted.
timed as (
    select
        sum(time_sums.crimes) filter (where time_sums.counted = 'beat hour') as by_beat,
        sum(time_sums.crimes) filter (where time_sums.counted = 'district hour') as by_district,
        sum(time_sums.crimes) filter (where time_sums.counted = 'district watch') as by_watch,
        sum(time_sums.crimes) filter (where time_sums.counted = 'district hour' and time_sums.part is null)
            as at_unknown_hour,
        sum(time_sums.crimes) filter (where time_sums.counted = 'district watch' and time_sums.part is null)
            as at_unknown_watch,
        min(
            least(
                time_sums.crimes - time_sums.violent, time_sums.violent,
                time_sums.crimes_squared - time_sums.crimes, time_sums.violent_squared - time_sums.violent
            )
        ) as smallest
    from pipeline.time_sums
)

select
    bool_and(
        coalesce(counted.smallest >= 0, true)
        and coalesce(counted.last_year, 0) = coalesce(held.last_year, 0)
        and coalesce(counted.last_year_arrests = held.last_year_arrests, true)
        and coalesce(counted.last_year_domestic = held.last_year_domestic, true)
        and coalesce(counted.year_before, 0) = coalesce(held.year_before, 0)
        and coalesce(counted.year_before_arrests = held.year_before_arrests, true)
        and coalesce(counted.year_before_domestic = held.year_before_domestic, true)
        and coalesce(counted.year_to_date, 0) = coalesce(held.year_to_date, 0)
        and coalesce(counted.year_to_date_arrests = held.year_to_date_arrests, true)
        and coalesce(counted.year_to_date_domestic = held.year_to_date_domestic, true)
        and coalesce(counted.year_to_date_before, 0) = coalesce(held.year_to_date_before, 0)
        and coalesce(counted.year_to_date_before_arrests = held.year_to_date_before_arrests, true)
        and coalesce(counted.year_to_date_before_domestic = held.year_to_date_before_domestic, true)
        and coalesce(timed.by_beat, 0) = coalesce(held.last_year, 0)
        and coalesce(timed.by_district, 0) = coalesce(held.last_year, 0)
        and coalesce(timed.by_watch <= timed.by_district, true)
        and coalesce(timed.at_unknown_watch, 0) = coalesce(timed.at_unknown_hour, 0)
        and coalesce(timed.smallest >= 0, true)
    ) as adds_up
from counted
-- One row on the right, both.
cross join held
cross join timed;
