-- One row is a Chicago local date.
-- Makes chicago.dates equal to the rows given; readers see the old list or the new one.
-- Reads: :rows, a JSON array of objects with the table's columns. Writes: chicago.dates.
-- Answers one row: how many rows were added or changed, and how many were removed.
-- Run by: tasks/warehouse/reference.py (replace_table).

with incoming as (
    select
        date,
        day,
        month,
        month_name,
        year,
        quarter,
        day_of_week,
        day_of_week_name,
        is_weekend,
        holiday_name,
        actual_holiday_name
    from json_populate_recordset(null::chicago.dates, cast(:rows as json))
),

removed as (
    delete from chicago.dates as held
    where held.date not in (select incoming.date from incoming)
    returning held.date
),

stored as (
    insert into chicago.dates as held (
        date,
        day,
        month,
        month_name,
        year,
        quarter,
        day_of_week,
        day_of_week_name,
        is_weekend,
        holiday_name,
        actual_holiday_name
    )
    select
        incoming.date,
        incoming.day,
        incoming.month,
        incoming.month_name,
        incoming.year,
        incoming.quarter,
        incoming.day_of_week,
        incoming.day_of_week_name,
        incoming.is_weekend,
        incoming.holiday_name,
        incoming.actual_holiday_name
    from incoming
    on conflict (date) do update
        set
            day = excluded.day,
            month = excluded.month,
            month_name = excluded.month_name,
            year = excluded.year,
            quarter = excluded.quarter,
            day_of_week = excluded.day_of_week,
            day_of_week_name = excluded.day_of_week_name,
            is_weekend = excluded.is_weekend,
            holiday_name = excluded.holiday_name,
            actual_holiday_name = excluded.actual_holiday_name
        where held.* is distinct from excluded.*
    returning held.date
)

select
    (select count(*) from stored) as stored_rows,
    (select count(*) from removed) as removed_rows;
