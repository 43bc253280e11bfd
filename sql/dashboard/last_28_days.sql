-- One row is a count of the whole city over the last 28 complete days, with what it is compared with.
-- Reads: chicago.city_last_28_days. Run by: dashboard/site/overview.py.

select
    city_last_28_days.counted,
    city_last_28_days.first_date,
    city_last_28_days.last_date,
    city_last_28_days.last_28_days,
    city_last_28_days.previous_28_days,
    city_last_28_days.change_pct,
    city_last_28_days.same_28_days_last_year,
    city_last_28_days.year_change_pct,
    city_last_28_days.change_low_pct,
    city_last_28_days.change_high_pct,
    city_last_28_days.change_is_unusual,
    city_last_28_days.year_change_low_pct,
    city_last_28_days.year_change_high_pct,
    city_last_28_days.year_change_is_unusual
from chicago.city_last_28_days;
