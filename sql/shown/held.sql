-- One row: what we hold, its newest crime and stamp, and how many stamps lie beyond the database's clock.
-- Reads: chicago.crimes, pipeline.rejected_rows, chicago.crime_history, pipeline.freshness_limit. Writes: nothing.
-- Run by: tasks/shown/report.py.

with last_stamp as (
    select now() + make_interval(secs => freshness_limit.stamp_margin_days * 86400) as at
    from pipeline.freshness_limit
)

select
    (select count(*) from chicago.crimes) as crimes,
    (select count(*) from pipeline.rejected_rows) as rejected_held,
    (select count(*) from chicago.crime_history) as history,
    (select max(crimes.date_of_occurrence) from chicago.crimes as crimes) as newest_crime,
    (
        select max(crimes.updated_at)
        from chicago.crimes as crimes
        where crimes.updated_at <= last_stamp.at
    ) as newest_update,
    (select count(*) from chicago.crimes as crimes where crimes.updated_at > last_stamp.at)
    + (
        select count(*)
        from pipeline.rejected_rows as rejected
        where rejected.updated_at > last_stamp.at
    ) as stamps_ahead
from last_stamp;
