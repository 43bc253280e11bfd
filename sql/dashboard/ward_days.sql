-- One row is a date and the crimes of the ward asked for, in the dates asked for.
-- Reads: chicago.daily_crimes, chicago.crimes_enriched. Run by: dashboard/site/wards.py.
-- Parameters: ward, first_date, last_date.

with ward_days as (
    select
        crimes_enriched.date,
        count(*) as crimes
    from chicago.crimes_enriched
    where
        crimes_enriched.ward = cast(:ward as smallint)
        and crimes_enriched.date_of_occurrence >= cast(:first_date as date)
        and crimes_enriched.date_of_occurrence < cast(:last_date as date) + 1
    group by crimes_enriched.date
)

select
    daily_crimes.date,
    daily_crimes.is_complete,
    coalesce(ward_days.crimes, 0) as crimes
from chicago.daily_crimes
-- Left: a day without a crime in the ward counts none.
left join ward_days on daily_crimes.date = ward_days.date
where daily_crimes.date between cast(:first_date as date) and cast(:last_date as date)
order by daily_crimes.date;
