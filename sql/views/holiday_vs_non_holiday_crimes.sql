-- One row for holidays (the day itself, not the day that the City is closed), one for all other days, and one for the
-- crimes of which the day is not known.
-- Reads: chicago.daily_crimes, chicago.crimes_by_holiday_date. Run by: tasks/warehouse/views.py.
--
-- Holidays fall on some weekdays and seasons more than on others: what they do is seen against what the same weekdays
-- around them give, with the chance of crimes_by_holiday_date, and not against all other days.

create view chicago.holiday_vs_non_holiday_crimes as
with sides as (
    select
        cast(side.is_holiday as boolean) as is_holiday,
        count(*) filter (where daily_crimes.is_complete) as days,
        coalesce(sum(daily_crimes.crimes - daily_crimes.crimes_of_unknown_day), 0) as crimes,
        avg(daily_crimes.crimes - daily_crimes.crimes_of_unknown_day) filter (where daily_crimes.is_complete)
            as crimes_per_day,
        avg(daily_crimes.violent - daily_crimes.violent_of_unknown_day) filter (where daily_crimes.is_complete)
            as violent_per_day
    from (values (true), (false)) as side (is_holiday)
    -- Left: a side without a day keeps its row.
    left join chicago.daily_crimes on side.is_holiday = (daily_crimes.actual_holiday_name is not null)
    group by side.is_holiday
    union all
    select
        null as is_holiday,
        0 as days,
        coalesce(sum(daily_crimes.crimes_of_unknown_day), 0) as crimes,
        null as crimes_per_day,
        null as violent_per_day
    from chicago.daily_crimes
),

compared as (
    select
        count(*) as days,
        sum(crimes_by_holiday_date.compared_crimes) as crimes,
        sum(crimes_by_holiday_date.expected) as expected,
        sum(crimes_by_holiday_date.expected)
        / nullif(sum(crimes_by_holiday_date.expected / crimes_by_holiday_date.ordinary_days), 0) as ordinary_days,
        max(crimes_by_holiday_date.dispersion) as dispersion,
        sum(crimes_by_holiday_date.compared_violent) as violent,
        sum(crimes_by_holiday_date.violent_expected) as violent_expected,
        sum(crimes_by_holiday_date.violent_expected)
        / nullif(
            sum(crimes_by_holiday_date.violent_expected / crimes_by_holiday_date.ordinary_days), 0
        ) as violent_ordinary_days,
        max(crimes_by_holiday_date.violent_dispersion) as violent_dispersion
    from chicago.crimes_by_holiday_date
    where
        crimes_by_holiday_date.basis = 'actual'
        and crimes_by_holiday_date.expected is not null
),

chances as (
    select
        compared.days,
        compared.expected / nullif(compared.days, 0) as expected_per_day,
        compared.crimes / nullif(compared.expected, 0) as ratio,
        chicago.rate_ratio_bound(
            compared.crimes, compared.expected * compared.ordinary_days, 1, compared.ordinary_days,
            case when compared.expected >= 5 then compared.dispersion end, -chicago.normal_quantile(0.975)
        ) as ratio_low,
        chicago.rate_ratio_bound(
            compared.crimes, compared.expected * compared.ordinary_days, 1, compared.ordinary_days,
            case when compared.expected >= 5 then compared.dispersion end, chicago.normal_quantile(0.975)
        ) as ratio_high,
        compared.violent_expected / nullif(compared.days, 0) as violent_expected_per_day,
        compared.violent / nullif(compared.violent_expected, 0) as violent_ratio,
        chicago.rate_ratio_bound(
            compared.violent, compared.violent_expected * compared.violent_ordinary_days, 1,
            compared.violent_ordinary_days,
            case when compared.violent_expected >= 5 then compared.violent_dispersion end,
            -chicago.normal_quantile(0.975)
        ) as violent_ratio_low,
        chicago.rate_ratio_bound(
            compared.violent, compared.violent_expected * compared.violent_ordinary_days, 1,
            compared.violent_ordinary_days,
            case when compared.violent_expected >= 5 then compared.violent_dispersion end,
            chicago.normal_quantile(0.975)
        ) as violent_ratio_high
    from compared
)

select
    sides.is_holiday,
    sides.days,
    cast(sides.crimes as bigint) as crimes,
    round(sides.crimes_per_day, 2) as crimes_per_day,
    round(sides.violent_per_day, 2) as violent_per_day,
    chances.days as compared_days,
    round(chances.expected_per_day, 2) as expected_per_day,
    round(100 * (chances.ratio - 1), 2) as change_pct,
    round(cast(100 * (chances.ratio_low - 1) as numeric), 2) as change_low_pct,
    round(cast(100 * (chances.ratio_high - 1) as numeric), 2) as change_high_pct,
    chances.ratio_low > 1 or chances.ratio_high < 1 as is_unusual,
    round(chances.violent_expected_per_day, 2) as violent_expected_per_day,
    round(100 * (chances.violent_ratio - 1), 2) as violent_change_pct,
    round(cast(100 * (chances.violent_ratio_low - 1) as numeric), 2) as violent_change_low_pct,
    round(cast(100 * (chances.violent_ratio_high - 1) as numeric), 2) as violent_change_high_pct,
    chances.violent_ratio_low > 1 or chances.violent_ratio_high < 1 as violent_is_unusual
from sides
-- Left: other days, and unknown ones, are compared with nothing.
left join chances on sides.is_holiday;

comment on view chicago.holiday_vs_non_holiday_crimes is
'One row is the City''s holidays, on the day itself, one all other days, and one the unknown days (00:00 or 00:01 on the first of a month).
Unit: rows of crimes: an incident is one, and so is each victim of a homicide.
Definition: violent is summary UCR''s violent index by FBI code, without the simple batteries that NIBRS counts.
Base: of change_pct, the same weekdays in the four weeks before and after; of other columns, days.
Period: crimes are of all days held, rates of complete days, change_pct of the holidays whose weeks around are complete.
Chance: ranges of 19 in 20; is_unusual is where 0 lies outside. One comparison, so nothing is corrected for a family.
Lateness: only complete days are compared, and ordinary days lie on both sides, so that little is left of it.
Do not compare the rows with each other: they differ in weekday and season. What holidays do is change_pct.';

comment on column chicago.holiday_vs_non_holiday_crimes.is_holiday is
'Whether it is the day of a holiday of the City, closed or not. Null: the crimes of unknown days.';

comment on column chicago.holiday_vs_non_holiday_crimes.days is 'Complete days: see daily_crimes. 0 for unknown.';

comment on column chicago.holiday_vs_non_holiday_crimes.crimes is
'Crimes of all days, complete or not; they add up to the rows of crimes.';

comment on column chicago.holiday_vs_non_holiday_crimes.crimes_per_day is
'Crimes of a known day, a day, over complete days. Null: there are none.';

comment on column chicago.holiday_vs_non_holiday_crimes.violent_per_day is
'Violent index crimes of a known day, a day, over complete days. Null: there are none.';

comment on column chicago.holiday_vs_non_holiday_crimes.compared_days is
'Of the holidays'' complete days, those of which the four weeks on either side are complete too. Null for other days.';

comment on column chicago.holiday_vs_non_holiday_crimes.expected_per_day is
'What the same weekdays, four weeks on either side, give for the compared days. Null: none; and for other days.';

comment on column chicago.holiday_vs_non_holiday_crimes.change_pct is
'Crimes of the compared days less what is expected, in percent of it. Null as expected_per_day.';

comment on column chicago.holiday_vs_non_holiday_crimes.change_low_pct is
'Lower end of the range that chance leaves for change_pct, 19 of 20. Null as expected_per_day.';

comment on column chicago.holiday_vs_non_holiday_crimes.change_high_pct is
'Upper end of that range. Null as expected_per_day.';

comment on column chicago.holiday_vs_non_holiday_crimes.is_unusual is
'Whether 0 lies outside that range: holidays have more or fewer crimes than their weekdays. Null as expected_per_day.';

comment on column chicago.holiday_vs_non_holiday_crimes.violent_expected_per_day is
'As expected_per_day, of violent index crimes.';

comment on column chicago.holiday_vs_non_holiday_crimes.violent_change_pct is
'As change_pct, of violent index crimes.';

comment on column chicago.holiday_vs_non_holiday_crimes.violent_change_low_pct is
'As change_low_pct, of violent index crimes.';

comment on column chicago.holiday_vs_non_holiday_crimes.violent_change_high_pct is
'As change_high_pct, of violent index crimes.';

comment on column chicago.holiday_vs_non_holiday_crimes.violent_is_unusual is
'As is_unusual, of violent index crimes.';
