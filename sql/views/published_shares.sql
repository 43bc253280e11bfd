-- One row is a place, kind or count of the city and one of two periods: the share of it that is published.
-- What compares the newest 28 complete days with the 28 before divides each by its share.
-- Reads: pipeline.nowcasts. Run by: tasks/warehouse/views.py.

create view chicago.published_shares as
select
    nowcasts.family,
    nowcasts.place,
    nowcasts.period,
    nowcasts.first_date,
    nowcasts.last_date,
    nowcasts.crimes,
    cast(nowcasts.published_share as numeric) as published_share,
    nowcasts.nowcast,
    nowcasts.low,
    nowcasts.high,
    nowcasts.basis,
    nowcasts.caution
from pipeline.nowcasts
where nowcasts.period in ('complete_28', 'before_complete_28');

comment on view chicago.published_shares is
'One row is a place, kind or count of the city, and the newest 28 complete days or the 28 before: the share of its crimes that is published.
Unit: rows of crimes: an incident is one, and so is each victim of a homicide.
Definition: violent and property are summary UCR''s index by FBI code, and not classes of NIBRS.
Base: what will be held in 45 days.
Period: the newest 28 complete days, and the 28 before. A year later the share is 1.
Chance: not in it: low to high is of lateness alone.
Lateness: it is what this view measures: a change is fair when each count is divided by its share.
Do not apply a place''s share to arrests: an arrest comes later than its crime.';

comment on column chicago.published_shares.family is
'Key, with place and period. city, district, ward, beat or primary_type.';

comment on column chicago.published_shares.place is
'District, ward, beat or kind as text; in the city what is counted: crimes, violent, property or domestic.';

comment on column chicago.published_shares.period is
'complete_28: the newest 28 complete days; before_complete_28: the 28 before. A period not held whole has no row.';

comment on column chicago.published_shares.first_date is 'First Chicago local date of the period.';

comment on column chicago.published_shares.last_date is 'Last Chicago local date of the period.';

comment on column chicago.published_shares.crimes is 'Rows of crimes that are held now.';

comment on column chicago.published_shares.published_share is
'crimes by what will be held in 45 days. Null: withheld, see caution.';

comment on column chicago.published_shares.nowcast is 'What will be held in 45 days. Null: withheld, see caution.';

comment on column chicago.published_shares.low is 'Lower end of the nowcast''s interval of 90 %.';

comment on column chicago.published_shares.high is 'Upper end of the nowcast''s interval of 90 %.';

comment on column chicago.published_shares.basis is 'learned or bundled: which curve it rests on, see reporting_delay.';

comment on column chicago.published_shares.caution is
'Why no number is given, or the interval is wider. Null: nothing is known against it.';
