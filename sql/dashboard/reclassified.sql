-- One row is a change of kind: from what, to what, how often.
-- Reads: chicago.crime_revisions. Run by: dashboard/site/revisions.py.

select
    crime_revisions.old_value as was,
    crime_revisions.new_value as is_now,
    count(*) as crimes
from chicago.crime_revisions
where crime_revisions.column_name = 'primary_description'
group by crime_revisions.old_value, crime_revisions.new_value
order by crimes desc, was asc, is_now asc;
