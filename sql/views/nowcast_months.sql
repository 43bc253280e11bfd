-- One row is a count of the city and one of the newest three months, as far as they are published: what it will come to
-- a day, against the month before and the same month a year before.
-- Reads: pipeline.nowcasts, chicago.crime_growth_by_month, chicago.daily_crimes. Run by: tasks/warehouse/views.py.

create view chicago.nowcast_months as
with months as (
    select
        nowcasts.*,
        nowcasts.days = extract(day from nowcasts.first_date + interval '1 month - 1 day') as is_whole,
        cast(nowcasts.nowcast as numeric) / nowcasts.days as nowcast_per_day
    from pipeline.nowcasts
    where nowcasts.period = 'month' and nowcasts.family = 'city'
),

years_before as (
    select
        months.place,
        months.first_date,
        sum(counts.crimes) as crimes,
        count(*) as days
    from months
    inner join chicago.daily_crimes
        on
            daily_crimes.is_complete
            and daily_crimes.date >= months.first_date - interval '1 year'
            and daily_crimes.date < months.first_date - interval '11 months'
    -- Four rows on the right: all counts of a day.
    cross join
        lateral (
            values
            ('crimes', daily_crimes.crimes),
            ('violent', daily_crimes.violent),
            ('property', daily_crimes.property),
            ('domestic', daily_crimes.domestic)
        ) as counts (place, crimes)
    where counts.place = months.place
    group by months.place, months.first_date
),

compared as (
    select
        months.*,
        months.nowcast_per_day / nullif(previous.nowcast_per_day, 0) as ratio,
        months.nowcast_per_day / nullif(years_before.crimes / years_before.days, 0) as year_ratio,
        cast(months.nowcast - months.low as numeric) / nullif(months.nowcast, 0) as below,
        cast(months.high - months.nowcast as numeric) / nullif(months.nowcast, 0) as above,
        cast(previous.nowcast - previous.low as numeric) / nullif(previous.nowcast, 0) as previous_below,
        cast(previous.high - previous.nowcast as numeric) / nullif(previous.nowcast, 0) as previous_above
    from months
    -- Left, and whole months only: a part of a month is compared with nothing.
    left join months as previous
        on
            months.place = previous.place
            and months.first_date = previous.first_date + interval '1 month'
            and months.is_whole
            and previous.is_whole
    left join years_before
        on
            months.place = years_before.place
            and months.first_date = years_before.first_date
            and months.is_whole
            and years_before.days = extract(day from months.first_date - interval '11 months' - interval '1 day')
)

select
    compared.place as counted,
    cast(extract(year from compared.first_date) as smallint) as year,
    cast(extract(month from compared.first_date) as smallint) as month,
    compared.days,
    compared.is_whole,
    compared.crimes,
    round(cast(compared.published_share as numeric), 4) as published_share,
    compared.nowcast,
    compared.low,
    compared.high,
    round(compared.nowcast_per_day, 2) as nowcast_per_day,
    round(100 * (compared.ratio - 1), 2) as growth_pct,
    round(
        100 * (
            compared.ratio
            * (1 - least(sqrt(compared.below * compared.below + compared.previous_above * compared.previous_above), 1))
            - 1
        ), 2
    ) as growth_low_pct,
    round(
        100 * (
            compared.ratio
            * (1 + sqrt(compared.above * compared.above + compared.previous_below * compared.previous_below))
            - 1
        ), 2
    ) as growth_high_pct,
    round(100 * (compared.year_ratio - 1), 2) as year_growth_pct,
    round(100 * (compared.year_ratio * (1 - compared.below) - 1), 2) as year_growth_low_pct,
    round(100 * (compared.year_ratio * (1 + compared.above) - 1), 2) as year_growth_high_pct,
    compared.basis,
    compared.caution
from compared;

comment on view chicago.nowcast_months is
'One row is a count of the city and one of the newest three months that we hold from their first day: what it will come to, and its growth.
Unit: rows of crimes: an incident is one, and so is each victim of a homicide.
Definition: violent and property are summary UCR''s index by FBI code, and not classes of NIBRS.
Base: growth is of crimes a day, from the month before and from a year before.
Period: the days of a month that are published; growth of whole months, readable 9 days after a month''s end instead of 21.
Chance: not in it: crime_growth_by_month has a range for it, from 21 days after a month''s end.
Lateness: corrected; the intervals are of it alone, 90 %. Withheld where caution says why.
Do not read growth as a trend: months have seasons and different weekdays.';

comment on column chicago.nowcast_months.counted is
'Key, with year and month. What is counted: crimes, violent, property or domestic, as in daily_crimes.';

comment on column chicago.nowcast_months.year is 'Calendar year.';

comment on column chicago.nowcast_months.month is 'Month of the year, 1 to 12.';

comment on column chicago.nowcast_months.days is 'Days of the month that are published.';

comment on column chicago.nowcast_months.is_whole is 'Whether those are all its days.';

comment on column chicago.nowcast_months.crimes is 'Rows of crimes of those days that are held now.';

comment on column chicago.nowcast_months.published_share is
'crimes by what they will come to. Null: withheld, see caution.';

comment on column chicago.nowcast_months.nowcast is
'Rows of crimes of those days that will be held in 45 days. Null: withheld, see caution.';

comment on column chicago.nowcast_months.low is 'Lower end of the nowcast''s interval of 90 %.';

comment on column chicago.nowcast_months.high is 'Upper end of the nowcast''s interval of 90 %.';

comment on column chicago.nowcast_months.nowcast_per_day is 'nowcast a day of those days.';

comment on column chicago.nowcast_months.growth_pct is
'Change of nowcast_per_day from the month before in percent. Null unless both are whole, held and not withheld.';

comment on column chicago.nowcast_months.growth_low_pct is 'Lower end of the growth by lateness alone, at least 90 %.';

comment on column chicago.nowcast_months.growth_high_pct is 'Upper end of the growth by lateness alone, at least 90 %.';

comment on column chicago.nowcast_months.year_growth_pct is
'Change from the same month a year before in percent. Null: that month is not held whole, or this one not published.';

comment on column chicago.nowcast_months.year_growth_low_pct is 'Lower end of the year''s growth by lateness alone.';

comment on column chicago.nowcast_months.year_growth_high_pct is 'Upper end of the year''s growth by lateness alone.';

comment on column chicago.nowcast_months.basis is 'learned or bundled: which curve it rests on, see reporting_delay.';

comment on column chicago.nowcast_months.caution is
'Why no number is given, or the interval is wider. Null: nothing is known against it.';
