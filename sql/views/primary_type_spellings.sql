-- One row is a published spelling of a kind of crime that has another one, and the one that the views use.
-- Reads: pipeline.primary_type_spellings. Run by: tasks/warehouse/views.py.

create view chicago.primary_type_spellings as
select
    primary_type_spellings.published,
    primary_type_spellings.primary_type
from pipeline.primary_type_spellings;

comment on view chicago.primary_type_spellings is
'One row is a published spelling of a kind of crime that also occurs in another one.
Base of the kinds of crime of all views, which have one spelling for each.
Unit: a spelling, and not a crime.
Period: a list without dates: it holds for crimes of all days.';

comment on column chicago.primary_type_spellings.published is 'As in crimes.primary_description.';

comment on column chicago.primary_type_spellings.primary_type is
'The one spelling that the views use for it.';
