-- One row is a place (or kind, or count of the city) and one of three periods: the newest 7 days published, the newest
-- 28, the newest 28 complete ones; each against the 28 days before it and the same days a year before, corrected.
-- Reads: pipeline.nowcasts, chicago.daily_cube, pipeline.counts_state. Run by: tasks/warehouse/views.py.

create view chicago.nowcast_periods as
with spans as (
    select
        nowcasts.period,
        nowcasts.first_date - 364 as first_date,
        nowcasts.last_date - 364 as last_date
    from pipeline.nowcasts
    where
        nowcasts.family = 'city'
        and nowcasts.place = 'crimes'
        and nowcasts.period in ('newest_7', 'newest_28', 'complete_28')
),

-- By district, and once: a year before, a day is published whole.
sums as (
    select
        spans.period,
        daily_cube.district,
        sum(daily_cube.crimes) as crimes,
        sum(daily_cube.violent) as violent,
        sum(daily_cube.property) as property,
        sum(daily_cube.domestic) as domestic
    from spans
    -- Drops periods of which nothing is held.
    inner join chicago.daily_cube on daily_cube.date between spans.first_date and spans.last_date
    group by spans.period, daily_cube.district
),

years_before as (
    select
        'city' as family,  -- noqa: RF04
        counts.place,
        sums.period,
        sum(counts.crimes) as crimes
    from sums
    -- Four rows on the right: all counts of the city.
    cross join
        lateral (
            values
            ('crimes', sums.crimes),
            ('violent', sums.violent),
            ('property', sums.property),
            ('domestic', sums.domestic)
        ) as counts (place, crimes)
    group by counts.place, sums.period
    union all
    select
        'district' as family,  -- noqa: RF04
        cast(sums.district as text) as place,
        sums.period,
        sums.crimes
    from sums
),

compared as (
    select
        newest.*,
        earlier.first_date as previous_first_date,
        earlier.crimes as previous_crimes,
        earlier.published_share as previous_published_share,
        earlier.nowcast as previous_nowcast,
        cast(newest.nowcast as numeric) / newest.days / nullif(cast(earlier.nowcast as numeric) / earlier.days, 0)
            as ratio,
        cast(newest.nowcast as numeric) / nullif(years_before.crimes, 0) as year_ratio,
        years_before.crimes as year_before_crimes,
        -- Half widths by the number: of two numbers whose errors are of one curve, no more than this.
        cast(newest.nowcast - newest.low as numeric) / nullif(newest.nowcast, 0) as below,
        cast(newest.high - newest.nowcast as numeric) / nullif(newest.nowcast, 0) as above,
        cast(earlier.nowcast - earlier.low as numeric) / nullif(earlier.nowcast, 0) as previous_below,
        cast(earlier.high - earlier.nowcast as numeric) / nullif(earlier.nowcast, 0) as previous_above
    from pipeline.nowcasts as newest
    -- Left: 28 days before that we do not hold whole give a null.
    left join pipeline.nowcasts as earlier
        on
            newest.family = earlier.family
            and newest.place = earlier.place
            and earlier.period = 'before_' || newest.period
    -- One row at most on the right, and none before the first count.
    left join pipeline.counts_state on true
    -- Left: of wards, beats and kinds the year before is not counted by day.
    left join years_before
        on
            newest.family = years_before.family
            and newest.place = years_before.place
            and newest.period = years_before.period
            and newest.first_date - 364 >= counts_state.first_complete_date
    where newest.period in ('newest_7', 'newest_28', 'complete_28')
)

select
    compared.family,
    compared.place,
    compared.period,
    compared.first_date,
    compared.last_date,
    compared.crimes,
    round(cast(compared.published_share as numeric), 4) as published_share,
    compared.nowcast,
    compared.low,
    compared.high,
    compared.previous_first_date,
    compared.previous_crimes,
    round(cast(compared.previous_published_share as numeric), 4) as previous_published_share,
    compared.previous_nowcast,
    round(100 * (compared.ratio - 1), 2) as change_pct,
    round(
        100 * (
            compared.ratio
            * (1 - least(sqrt(compared.below * compared.below + compared.previous_above * compared.previous_above), 1))
            - 1
        ), 2
    ) as change_low_pct,
    round(
        100 * (
            compared.ratio
            * (1 + sqrt(compared.above * compared.above + compared.previous_below * compared.previous_below))
            - 1
        ), 2
    ) as change_high_pct,
    cast(compared.year_before_crimes as bigint) as year_before_crimes,
    round(100 * (compared.year_ratio - 1), 2) as year_change_pct,
    round(100 * (compared.year_ratio * (1 - compared.below) - 1), 2) as year_change_low_pct,
    round(100 * (compared.year_ratio * (1 + compared.above) - 1), 2) as year_change_high_pct,
    compared.basis,
    compared.caution
from compared;

comment on view chicago.nowcast_periods is
'One row is a place, kind or count of the city, and one of three newest periods: what it will come to, against the 28 days before and a year earlier.
Unit: rows of crimes: an incident is one, and so is each victim of a homicide.
Definition: violent and property are summary UCR''s index by FBI code, and not classes of NIBRS.
Base: change_pct is of crimes a day, in percent of the 28 days before; year_change_pct of the same days 364 days earlier.
Period: the newest 7 or 28 days published, or the newest 28 complete days.
Chance: not in it: recent_changes has a range for it, of the 28 complete days.
Lateness: corrected on both sides; the intervals are of it alone, 90 %. Withheld where caution says why.
Do not read a change outside of its interval as more than chance.';

comment on column chicago.nowcast_periods.family is
'Key, with place and period. city, district, ward, beat or primary_type.';

comment on column chicago.nowcast_periods.place is
'District, ward, beat or kind as text; in the city what is counted: crimes, violent, property or domestic.';

comment on column chicago.nowcast_periods.period is
'newest_7, newest_28: the newest days published, to 9 days before the load; complete_28: the newest 28 complete days.';

comment on column chicago.nowcast_periods.first_date is 'First Chicago local date of the period.';

comment on column chicago.nowcast_periods.last_date is 'Last Chicago local date of the period.';

comment on column chicago.nowcast_periods.crimes is 'Rows of crimes that are held now.';

comment on column chicago.nowcast_periods.published_share is
'crimes by what they will come to. Null: withheld, see caution.';

comment on column chicago.nowcast_periods.nowcast is
'Rows of crimes of the period that will be held in 45 days. Null: withheld, see caution.';

comment on column chicago.nowcast_periods.low is 'Lower end of the nowcast''s interval of 90 %.';

comment on column chicago.nowcast_periods.high is 'Upper end of the nowcast''s interval of 90 %.';

comment on column chicago.nowcast_periods.previous_first_date is
'First of the 28 days before the period. Null: we do not hold them whole, or nothing of them.';

comment on column chicago.nowcast_periods.previous_crimes is 'Rows of crimes of those 28 days that are held now.';

comment on column chicago.nowcast_periods.previous_published_share is 'Published share of those 28 days.';

comment on column chicago.nowcast_periods.previous_nowcast is 'What those 28 days will come to in 45 days.';

comment on column chicago.nowcast_periods.change_pct is
'nowcast a day less previous_nowcast a day, in percent of it. Null: one is withheld or not held.';

comment on column chicago.nowcast_periods.change_low_pct is 'Lower end of the change by lateness alone, at least 90 %.';

comment on column chicago.nowcast_periods.change_high_pct is 'Upper end of the change by lateness alone, at least 90 %.';

comment on column chicago.nowcast_periods.year_before_crimes is
'Rows of crimes of the same days 364 days earlier. Null: not held whole, or of a ward, beat or kind.';

comment on column chicago.nowcast_periods.year_change_pct is
'nowcast less year_before_crimes in percent of it: a year later a day is published whole.';

comment on column chicago.nowcast_periods.year_change_low_pct is 'Lower end of the year''s change by lateness alone.';

comment on column chicago.nowcast_periods.year_change_high_pct is 'Upper end of the year''s change by lateness alone.';

comment on column chicago.nowcast_periods.basis is 'learned or bundled: which curve it rests on, see reporting_delay.';

comment on column chicago.nowcast_periods.caution is
'Why no number is given, or the interval is wider. Null: nothing is known against it.';
