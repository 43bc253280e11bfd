-- One row is a number of days after which arrests were published, and how many were.
-- Reads: chicago.late_arrests. Run by: dashboard/site/revisions.py.

select
    late_arrests.days_after,
    count(*) as arrests
from chicago.late_arrests
group by late_arrests.days_after
order by late_arrests.days_after;
