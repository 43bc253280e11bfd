-- One row: the periods of place_periods that are held, beside each other, for views that compare them.
-- Reads: chicago.place_periods. Run by: tasks/warehouse/views.py.

create view chicago.place_periods_held as
select
    max(place_periods.first_date) filter (where place_periods.period = 'last_year') as last_year_from,
    max(place_periods.last_date) filter (where place_periods.period = 'last_year') as last_year_to,
    max(place_periods.days) filter (where place_periods.period = 'last_year') as last_year_days,
    max(place_periods.first_date) filter (where place_periods.period = 'year_before') as year_before_from,
    max(place_periods.first_date) filter (where place_periods.period = 'year_to_date') as year_to_date_from,
    max(place_periods.first_date) filter (where place_periods.period = 'year_to_date_before')
        as year_to_date_before_from,
    max(place_periods.last_date) filter (where place_periods.period = 'year_before') as year_before_to,
    max(place_periods.last_date) filter (where place_periods.period = 'year_to_date_before') as year_to_date_before_to
from chicago.place_periods
where place_periods.is_held;

comment on view chicago.place_periods_held is
'One row: the periods of place_periods that are held, beside each other.
Base of the views that compare periods.
Unit: Chicago local dates, and a number of days.
Period: those of place_periods; null where one is not held.';

comment on column chicago.place_periods_held.last_year_from is
'First Chicago local date of last_year that is held. Null: no day is complete.';

comment on column chicago.place_periods_held.last_year_to is
'Last Chicago local date of last_year: the newest complete day. Null: no day is complete.';

comment on column chicago.place_periods_held.last_year_days is
'Complete days of last_year that are held, 364 at most. Null: none.';

comment on column chicago.place_periods_held.year_before_from is
'First Chicago local date of year_before. Null: it is not held whole.';

comment on column chicago.place_periods_held.year_to_date_from is
'First Chicago local date of year_to_date. Null: it is not held whole.';

comment on column chicago.place_periods_held.year_to_date_before_from is
'First Chicago local date of year_to_date_before. Null: it is not held whole.';

comment on column chicago.place_periods_held.year_before_to is
'Last Chicago local date of year_before. Null: it is not held whole.';

comment on column chicago.place_periods_held.year_to_date_before_to is
'Last Chicago local date of year_to_date_before: the same day a year before. Null: it is not held whole.';
