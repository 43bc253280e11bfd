-- depends: 0015.placeholders
-- How late crimes are published, learned from when we first saw them, and what the newest days will come to
-- (docs/nowcast.md). Both are written anew at each refresh of the views.
-- Run by: tasks/warehouse/migrations.py (yoyo), once, under the writer's lock.

create table pipeline.reporting_delay (
    primary_type text not null,
    age_days smallint not null,
    published_share double precision not null,
    arrivals bigint not null,
    basis text not null check (basis in ('learned', 'bundled')),
    days_followed smallint not null,
    dispersion double precision not null,
    recent_ratio double precision not null,
    recent_fits boolean not null,
    primary key (primary_type, age_days)
);

comment on table pipeline.reporting_delay is
'One row is a kind of crime and an age of a day: the share of its crimes that is published by then.';

comment on column pipeline.reporting_delay.primary_type is
'Kind of crime, in one spelling; other kinds: those with few late arrivals, together.';

comment on column pipeline.reporting_delay.age_days is 'Days from the date of occurrence to the source''s load.';

comment on column pipeline.reporting_delay.published_share is
'Crimes held at this age by those held 45 days later; above 1, more are withdrawn by then than come.';

comment on column pipeline.reporting_delay.arrivals is 'Late arrivals of all kinds that the curve was learned from.';

comment on column pipeline.reporting_delay.basis is
'learned: from our own first-seen times; bundled: from data/reporting_delay.csv, until 60 days of them are held.';

comment on column pipeline.reporting_delay.days_followed is 'Days of first-seen times that were learned from, 84 at most.';

comment on column pipeline.reporting_delay.dispersion is
'How much more arrivals vary than by chance alone: variance by mean, 1 or more.';

comment on column pipeline.reporting_delay.recent_ratio is
'Late arrivals of the last week by those that the curve expects.';

comment on column pipeline.reporting_delay.recent_fits is 'Whether that is within chance, or less than half off.';

create table pipeline.nowcasts (
    family text not null,  -- noqa: RF04
    place text not null,
    period text not null,
    first_date date not null,
    last_date date not null,
    days smallint not null,
    crimes bigint not null,
    published_share double precision,
    nowcast bigint,
    low bigint not null,
    high bigint not null,
    basis text not null,
    caution text,
    primary key (family, place, period, first_date)
);

comment on table pipeline.nowcasts is
'One row is a place (or kind, or count of the city) and a period: the crimes held, and what they will come to.';

comment on column pipeline.nowcasts.family is
'city, district, ward, beat or primary_type: what place is one of.';

comment on column pipeline.nowcasts.place is
'District, ward, beat or kind as text; in the city what is counted: crimes, violent, property or domestic.';

comment on column pipeline.nowcasts.period is
'day, month; newest_7 and newest_28: newest days published, before_ them the 28 before; complete_28: newest complete days, before_ them the 28 before.';

comment on column pipeline.nowcasts.first_date is 'First Chicago local date of the period.';

comment on column pipeline.nowcasts.last_date is 'Last one; of the newest month, the newest day published.';

comment on column pipeline.nowcasts.days is 'Dates of the period.';

comment on column pipeline.nowcasts.crimes is 'Crimes of the period that are held now.';

comment on column pipeline.nowcasts.published_share is 'crimes by what they will come to. Null: withheld, see caution.';

comment on column pipeline.nowcasts.nowcast is
'Crimes of the period that will be held in 45 days. Null: withheld, see caution.';

comment on column pipeline.nowcasts.low is 'Lower end of its interval of 90 %.';

comment on column pipeline.nowcasts.high is 'Upper end of its interval of 90 %.';

comment on column pipeline.nowcasts.basis is 'learned or bundled: which curve it rests on.';

comment on column pipeline.nowcasts.caution is 'Why nothing is given, or the interval is wider. Null: nothing is known against it.';

-- In schema chicago, since crimes_as_of runs with the rights of who asks.
create function chicago.warn_before_first_load(as_of timestamp with time zone)
returns boolean
language plpgsql
stable
parallel restricted
as
$$
begin
    if
        not exists (select from chicago.crimes where crimes.loaded_at <= as_of)
        and not exists (select from chicago.crime_history where crime_history.loaded_at <= as_of)
    then
        raise warning 'crimes_as_of(%): that is before the first load of this warehouse, so nothing was held then', as_of
        using hint = 'What the City held at an instant before the first load cannot be told from here.';
    end if;
    return true;
end
$$;

comment on function chicago.warn_before_first_load(timestamp with time zone) is
'Always true; warns where nothing was held at an instant because it is before our first load.';

create or replace function chicago.crimes_as_of(as_of timestamp with time zone)
returns setof chicago.crimes
language sql
stable
parallel restricted
as
$$
    -- Without a column the warning's condition is asked once, and not for each row.
    select crimes.*
    from chicago.crimes
    where crimes.loaded_at <= as_of and chicago.warn_before_first_load(as_of)
    union all
    -- A row is in one of the two: it enters history when it leaves the record.
    select (chicago.crime_as_held(crime_history)).*
    from chicago.crime_history
    where
        crime_history.loaded_at <= as_of
        and crime_history.retired_at > as_of
$$;

comment on function chicago.crimes_as_of(timestamp with time zone) is
'The rows of crimes as we held them at an instant. A row that was only given a new id has today''s. Before our first load there are none, and a warning says so.';
