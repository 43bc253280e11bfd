-- One row is a Chicago local date on which we learned that rows were revised or withdrawn, and which of both.
-- Reads: chicago.crime_history. Run by: dashboard/site/revisions.py.

select
    cast(chicago.wall_clock(crime_history.retired_at) as date) as learned_on,
    coalesce(crime_history.reason, 'not settled yet') as reason,
    count(*) as crimes
from chicago.crime_history
group by learned_on, coalesce(crime_history.reason, 'not settled yet')
order by learned_on, reason;
