-- One row is an age of a day, in days: which share of its crimes is published by then, by the kinds with most arrivals.
-- Reads: chicago.reporting_delay. Run by: dashboard/site/revisions.py.

select
    reporting_delay.age_days,
    reporting_delay.primary_type,
    reporting_delay.published_share,
    reporting_delay.basis,
    reporting_delay.recent_fits
from chicago.reporting_delay
where reporting_delay.age_days in (9, 14, 21, 30, 45)
order by reporting_delay.primary_type, reporting_delay.age_days;
