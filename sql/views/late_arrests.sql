-- One row is an arrest that the City published after the crime itself: a crime that we held without an arrest, and
-- whose newer row has one. A crime is listed once: when an arrest is taken back and published again, its first counts,
-- and a crime that was first seen with one is not listed.
-- Reads: chicago.crime_revisions, chicago.crime_history. Run by: tasks/warehouse/views.py.

create view chicago.late_arrests as
with recursive after_an_arrest as (
    -- Versions of a crime, until they were retired, that came after one whose arrest was taken back.
    select
        crime_history.crime_id,
        crime_history.retired_at
    from chicago.crime_revisions
    -- Inner: a version that still stands was not followed by another.
    inner join chicago.crime_history
        on
            crime_revisions.new_crime_id = crime_history.crime_id
            and crime_revisions.revised_at < crime_history.retired_at
    where crime_revisions.column_name = 'arrest' and crime_revisions.old_value = 'true'
    union
    select
        newer.crime_id,
        newer.retired_at
    from after_an_arrest
    -- Inner: as above.
    inner join chicago.crime_history as older
        on
            after_an_arrest.crime_id = older.crime_id
            and after_an_arrest.retired_at = older.retired_at
    inner join chicago.crime_history as newer
        on
            older.replaced_by = newer.crime_id
            and older.retired_at < newer.retired_at
)

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
-- Left, and only what meets none.
left join after_an_arrest
    on
        crime_revisions.old_crime_id = after_an_arrest.crime_id
        and crime_revisions.revised_at = after_an_arrest.retired_at
where
    crime_revisions.column_name = 'arrest'
    and crime_revisions.new_value = 'true'
    and after_an_arrest.crime_id is null;

comment on view chicago.late_arrests is
'One row is a crime of which an arrest was published after it, once, however often it was revised.
Unit: a row of crimes that gained an arrest: not a person.
Base: crimes that we held without an arrest. Those first seen with one are not here.
Period: since our first load, by learned_at.
Chance: nothing is compared.
Lateness: days_after is to when we learned of it, which is after the arrest itself; newer crimes have had less time.
Do not read an arrest as a clearance, nor days_after as the length of an inquiry.';

comment on column chicago.late_arrests.case_number is 'Police records division number. Not unique.';

comment on column chicago.late_arrests.primary_description is 'Kind of crime before the revision, as published.';

comment on column chicago.late_arrests.district is 'Police district before the revision. Null: unknown.';

comment on column chicago.late_arrests.date_of_occurrence is 'When it happened, Chicago wall clock.';

comment on column chicago.late_arrests.learned_at is 'When we learned of the arrest. Instant.';

comment on column chicago.late_arrests.days_after is
'Days from the crime until we learned of the arrest, Chicago local dates.';
