-- One row is a count of the city or a district, and one of the newest days that are published: the crimes held, and
-- what they will come to.
-- Reads: pipeline.nowcasts. Run by: tasks/warehouse/views.py.

create view chicago.nowcast_days as
select
    nowcasts.family,
    nowcasts.place,
    nowcasts.first_date as date,
    nowcasts.crimes,
    round(cast(nowcasts.published_share as numeric), 4) as published_share,
    nowcasts.nowcast,
    nowcasts.low,
    nowcasts.high,
    nowcasts.basis,
    nowcasts.caution
from pipeline.nowcasts
where nowcasts.period = 'day';

comment on view chicago.nowcast_days is
'One row is a count of the city, or a district with at least 5 crimes a day, and a newest day published: crimes held, and what they will come to.
Unit: rows of crimes: an incident is one, and so is each victim of a homicide.
Definition: violent and property are summary UCR''s index by FBI code, and not classes of NIBRS.
Base: published_share is by what will be held in 45 days.
Period: single days: the newest 60 published (districts: 35), to 9 days before the load.
Chance: not in it: a day differs from another by more than low to high.
Lateness: corrected; low to high is its interval of 90 %. Withheld where caution says why.
Do not read low and high as the range of a usual day.';

comment on column chicago.nowcast_days.family is 'Key, with place and date. city or district.';

comment on column chicago.nowcast_days.place is
'District as text; in the city what is counted: crimes, violent, property or domestic, as in daily_crimes.';

comment on column chicago.nowcast_days.date is 'Chicago local date of occurrence; the newest is 9 days before the load.';

comment on column chicago.nowcast_days.crimes is 'Rows of crimes that are held now.';

comment on column chicago.nowcast_days.published_share is 'crimes by what they will come to. Null: withheld, see caution.';

comment on column chicago.nowcast_days.nowcast is
'Rows of crimes that will be held of the day in 45 days. Null: withheld, see caution.';

comment on column chicago.nowcast_days.low is 'Lower end of the nowcast''s interval of 90 %, also where it is withheld.';

comment on column chicago.nowcast_days.high is 'Upper end of the nowcast''s interval of 90 %, also where it is withheld.';

comment on column chicago.nowcast_days.basis is 'learned or bundled: which curve it rests on, see reporting_delay.';

comment on column chicago.nowcast_days.caution is
'Why no number is given, or the interval is wider. Null: nothing is known against it.';
