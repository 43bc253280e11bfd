-- One row: the complete month with most crimes a day (or those that are equal), and which others chance does not tell
-- from it.
-- Reads: chicago.crime_growth_by_month, chicago.family_dispersions. Writes: nothing. Run by: tasks/shown/report.py.
--
-- As ranks are: another month has surely fewer where the two counts differ by more than the city's noise makes them, by
-- Bonferroni over the others. The season has its part in it: it is what makes a month the busiest. docs/methods.md.

with months as (
    select
        make_date(growth.year, growth.month, 1) as first_date,
        to_char(make_date(growth.year, growth.month, 1), 'FMMonth YYYY') as title,
        growth.days,
        growth.crimes,
        growth.crimes_per_day,
        growth.crimes_per_day = max(growth.crimes_per_day) over () as is_busiest,
        count(*) over () - 1 as compared_with
    from chicago.crime_growth_by_month as growth
    where growth.is_complete
),

busiest as (
    select
        max(months.crimes_per_day) as crimes_per_day,
        string_agg(months.title, ' and ' order by months.first_date) as titles,
        count(*) as months,
        max(months.crimes) as crimes,
        max(months.days) as days
    from months
    where months.is_busiest
),

compared as (
    select
        months.first_date,
        months.title,
        months.crimes_per_day,
        chicago.rate_ratio_z(busiest.crimes, months.crimes, busiest.days, months.days, family_dispersions.noise)
        <= chicago.normal_quantile(1 - 0.025 / months.compared_with) as is_tied
    from months
    -- One row on the right.
    cross join busiest
    -- Left: with few weeks nothing is known of chance.
    left join chicago.family_dispersions on family_dispersions.family = 'city'
    where not months.is_busiest
),

others as (
    select
        count(*) as months,
        count(compared.is_tied) as judged,
        count(*) filter (where compared.is_tied) as tied,
        string_agg(compared.title, ' and ' order by compared.crimes_per_day desc, compared.first_date asc) filter (
            where compared.is_tied
        ) as tied_titles
    from compared
)

select
    busiest.titles as month_title,
    round(busiest.crimes_per_day, 1) as crimes_per_day,
    case when busiest.months > 1 then 'equal, ' else '' end
    || case
        when others.months + busiest.months = 1 then 'the only complete month held'
        else 'of ' || others.months + busiest.months || ' complete months'
    end
    || case
        when others.months = 0 then ''
        when others.judged = 0 then '; what is chance is not known yet'
        when others.tied = 0 then ', beyond chance'
        when others.tied <= 2 then ', no more than chance over ' || others.tied_titles
        else ', no more than chance over ' || others.tied || ' others'
    end as verdict
from busiest
-- One row on the right.
cross join others
where busiest.months > 0;
