-- One row is a column and how many revisions changed it.
-- Reads: chicago.crime_revisions. Run by: dashboard/site/revisions.py.

select
    crime_revisions.column_name,
    count(*) as revisions
from chicago.crime_revisions
group by crime_revisions.column_name
order by revisions desc, crime_revisions.column_name asc;
