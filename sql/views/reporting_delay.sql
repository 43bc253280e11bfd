-- One row is a kind of crime and an age of a day: how much of the day is published by then, as last learned.
-- Reads: pipeline.reporting_delay. Run by: tasks/warehouse/views.py.

create view chicago.reporting_delay as
select
    reporting_delay.primary_type,
    reporting_delay.age_days,
    round(cast(reporting_delay.published_share as numeric), 4) as published_share,
    reporting_delay.arrivals,
    reporting_delay.basis,
    reporting_delay.days_followed,
    round(cast(reporting_delay.dispersion as numeric), 2) as dispersion,
    round(cast(reporting_delay.recent_ratio as numeric), 2) as recent_ratio,
    reporting_delay.recent_fits
from pipeline.reporting_delay;

comment on view chicago.reporting_delay is
'One row is a kind of crime and an age of a day: the share of its crimes that is published by then.
Unit: rows of crimes: an incident is one, and so is each victim of a homicide.
Base: what is held 45 days later.
Period: learned from when we first saw the crimes of the last 84 days of loads; bundled until 60 days of that are held.
Chance: dispersion and recent_fits say how loads stray from the curve; a kind with few late arrivals leans on the others.
Lateness: it is what this view measures; a crime that the City publishes anew is no late one.
Do not read it as the time until a crime is reported to the police: it ends with the publication.';

comment on column chicago.reporting_delay.primary_type is
'Key, with age_days. Kind of crime, in one spelling; other kinds: those with few late arrivals, together.';

comment on column chicago.reporting_delay.age_days is
'Days from the date of occurrence to the source''s load. A day is published whole at 9.';

comment on column chicago.reporting_delay.published_share is
'Crimes held at this age by those held 45 days later; above 1, more are withdrawn by then than come.';

comment on column chicago.reporting_delay.arrivals is 'Late arrivals of all kinds that the curve was learned from.';

comment on column chicago.reporting_delay.basis is
'learned: from our own first-seen times; bundled: of a fortnight of 2023, until 60 days of them are held.';

comment on column chicago.reporting_delay.days_followed is
'Days of first-seen times that were learned from, 84 at most.';

comment on column chicago.reporting_delay.dispersion is
'How much more arrivals vary from load to load than by chance alone: variance by mean, 1 or more.';

comment on column chicago.reporting_delay.recent_ratio is
'Late arrivals of the last week by those that the curve expects. Far from 1: the City publishes otherwise than before.';

comment on column chicago.reporting_delay.recent_fits is
'Whether that is within chance, or less than half off. If not, numbers are withheld and intervals wider.';
