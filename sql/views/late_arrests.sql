-- One row is an arrest that the City published after the crime itself: a crime that we held without an arrest, and
-- whose newer row has one.
-- Reads: chicago.crime_revisions, chicago.crime_history. Run by: tasks/warehouse/views.py.

create view chicago.late_arrests as
select
    crime_revisions.case_number,
    crime_history.primary_description,
    crime_history.district,
    crime_history.date_of_occurrence,
    crime_revisions.revised_at as learned_at,
    cast(chicago.wall_clock(crime_revisions.revised_at) as date)
    - cast(crime_history.date_of_occurrence as date) as days_after
from chicago.crime_revisions
-- Inner: a revision is of a row in crime_history.
inner join chicago.crime_history
    on
        crime_revisions.old_crime_id = crime_history.crime_id
        and crime_revisions.revised_at = crime_history.retired_at
where crime_revisions.column_name = 'arrest' and crime_revisions.new_value = 'true';

comment on view chicago.late_arrests is
'One row is an arrest that was published after the crime. Arrests of crimes first seen with one are not here.';

comment on column chicago.late_arrests.case_number is 'Police records division number. Not unique.';

comment on column chicago.late_arrests.primary_description is 'Kind of crime before the revision, as published.';

comment on column chicago.late_arrests.district is 'Police district before the revision. Null: unknown.';

comment on column chicago.late_arrests.date_of_occurrence is 'When it happened, Chicago wall clock.';

comment on column chicago.late_arrests.learned_at is 'When we learned of the arrest. Instant.';

comment on column chicago.late_arrests.days_after is
'Days from the crime until we learned of the arrest, Chicago local dates.';
