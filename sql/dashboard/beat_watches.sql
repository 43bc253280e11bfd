-- One row is a police beat of the district asked for and a watch: what to expect of a day's watch, and whether another
-- watch has more than it beyond chance.
-- Reads: chicago.crimes_by_beat_and_hour, chicago.watches. Run by: dashboard/site/staffing.py. Parameters: district.
--
-- The range (19 of 20) and the test take hours for independent, and none for steadier than chance. p-values are
-- multiplied by the comparisons of the whole table (Bonferroni). Nothing is told of fewer than eight weeks, and nothing
-- compared of which fewer than five are expected (docs/methods.md).

with sums as (
    select
        hours.beat,
        watches.watch,
        watches.watch_name,
        -- Each hour of the watch has its days, and a day is counted once.
        sum(hours.days) / count(distinct hours.hour) as days,
        sum(hours.crimes) as crimes,
        cast(sum(greatest(hours.days * hours.crimes_variance, hours.crimes)) as double precision) as variance
    from chicago.crimes_by_beat_and_hour as hours
    -- Inner: drops the unknown times; each hour is of one watch.
    inner join chicago.watches
        on chicago.is_hour_of_watch(hours.hour, watches.starts_at_hour, watches.ends_at_hour)
    where hours.district = cast(:district as smallint)
    group by hours.beat, watches.watch, watches.watch_name
    having sum(hours.days) / count(distinct hours.hour) >= 56
),

-- The watch of each beat with most crimes; of two with as many, the earlier.
most as (
    select distinct on (sums.beat)
        sums.beat,
        sums.watch,
        sums.crimes,
        sums.variance
    from sums
    order by sums.beat asc, sums.crimes desc, sums.watch asc
),

compared as (
    select
        sums.*,
        chicago.normal_p_value((most.crimes - sums.crimes) / nullif(sqrt(most.variance + sums.variance), 0))
        * count(*) over () as p_value,
        (most.crimes + sums.crimes) / 2 >= 5 as is_comparable
    from sums
    -- Inner: each beat has one.
    inner join most on sums.beat = most.beat
)

select
    compared.beat,
    compared.watch,
    compared.watch_name,
    compared.days,
    compared.crimes,
    cast(compared.crimes / compared.days as double precision) as crimes_per_day,
    greatest((compared.crimes - 1.96 * sqrt(compared.variance)) / compared.days, 0) as crimes_per_day_low,
    (compared.crimes + 1.96 * sqrt(compared.variance)) / compared.days as crimes_per_day_high,
    coalesce(compared.is_comparable and compared.p_value < 0.05, false) as is_below_most
from compared
order by compared.beat, compared.watch;
