-- One row is a place or count of the family asked for, and its newest 7 or 28 days published, or its newest 28 complete
-- days: what is held, and what they will come to.
-- Reads: chicago.nowcast_periods. Run by: dashboard/findings.py. Parameters: family.

select
    nowcast_periods.place,
    nowcast_periods.period,
    nowcast_periods.first_date,
    nowcast_periods.last_date,
    nowcast_periods.crimes,
    nowcast_periods.nowcast,
    nowcast_periods.low,
    nowcast_periods.high,
    nowcast_periods.previous_nowcast,
    nowcast_periods.caution
from chicago.nowcast_periods
where nowcast_periods.family = :family
order by nowcast_periods.place, nowcast_periods.period;
