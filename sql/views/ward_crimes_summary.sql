-- One row is a ward, its alderman, its crimes and the two most common kinds; and one for unknown wards.
-- Reads: chicago.place_cube, chicago.ward_offices, chicago.places_by_period, chicago.place_periods_held,
-- chicago.daily_crimes, chicago.family_dispersions. Run by: tasks/warehouse/views.py; refreshed when the data changed.
--
-- The City writes the ward that a place had when the case was recorded, and never again: cases of 2018 on the far south
-- side still say 34, which is the West Loop on the map of 15 May 2023. So a period is counted only where all of it is
-- of today's map.

create materialized view chicago.ward_crimes_summary as
with counts as (
    select
        place_cube.ward,
        sum(place_cube.crimes) as total_crimes,
        sum(place_cube.crimes) filter (where place_cube.is_violent) as violent,
        sum(place_cube.crimes) filter (where place_cube.is_complete) as complete_crimes,
        sum(place_cube.arrests) filter (where place_cube.is_complete) as complete_arrests
    from chicago.place_cube
    group by place_cube.ward
),

kinds as (
    select
        place_cube.ward,
        place_cube.primary_type,
        row_number() over (
            partition by place_cube.ward
            -- Kinds of equal count stand in the order of the alphabet.
            order by sum(place_cube.crimes) desc, place_cube.primary_type collate "C" asc  -- noqa: RF03
        ) as place
    from chicago.place_cube
    group by place_cube.ward, place_cube.primary_type
),

most_common_kinds as (
    select
        kinds.ward,
        max(kinds.primary_type) filter (where kinds.place = 1) as most_common_crime,
        max(kinds.primary_type) filter (where kinds.place = 2) as second_most_common_crime
    from kinds
    group by kinds.ward
),

first_day as (
    select min(daily_crimes.date) as first_date
    from chicago.daily_crimes
),

todays as (
    select chicago.ward_map_since('infinity') as map_since
),

held as (
    select
        periods.last_year_from,
        periods.last_year_to,
        periods.last_year_days,
        todays.map_since,
        chicago.ward_map_since(periods.last_year_from) = todays.map_since as holds_last_year,
        chicago.ward_map_since(periods.year_before_from) = todays.map_since as holds_year_before,
        chicago.ward_map_since(periods.year_to_date_from) = todays.map_since as holds_year_to_date,
        chicago.ward_map_since(periods.year_to_date_before_from) = todays.map_since as holds_year_to_date_before,
        first_day.first_date
    from chicago.place_periods_held as periods
    -- One row each.
    cross join todays
    cross join first_day
),

year_counts as (
    select
        places_by_period.ward,
        sum(places_by_period.last_year) as last_year,
        sum(places_by_period.last_year) filter (where places_by_period.is_violent) as last_year_violent,
        sum(places_by_period.year_before) as year_before,
        sum(places_by_period.year_to_date) as year_to_date,
        sum(places_by_period.year_to_date_before) as year_to_date_before
    from chicago.places_by_period
    group by places_by_period.ward
),

kinds_of_last_year as (
    select distinct on (places_by_period.ward)
        places_by_period.ward,
        places_by_period.primary_type
    from chicago.places_by_period
    group by places_by_period.ward, places_by_period.primary_type
    having sum(places_by_period.last_year) > 0
    order by
        places_by_period.ward asc,
        sum(places_by_period.last_year) desc,
        places_by_period.primary_type collate "C" asc  -- noqa: RF03
),

listed as (
    select ward_offices.ward
    from chicago.ward_offices
    union
    select counts.ward
    from counts
    union
    -- The row of unknown wards is always there.
    select cast(null as smallint) as ward
),

wards as (
    select
        listed.ward,
        coalesce(cast(listed.ward as text), 'unknown') as ward_name,
        ward_offices.alderman,
        coalesce(counts.total_crimes, 0) as total_crimes,
        most_common_kinds.most_common_crime,
        most_common_kinds.second_most_common_crime,
        coalesce(counts.violent, 0) as violent,
        1.0 * counts.complete_arrests / nullif(counts.complete_crimes, 0) as arrest_rate,
        ward_offices.ward_phone,
        ward_offices.email,
        held.last_year_from,
        held.last_year_to,
        held.last_year_days,
        case when held.holds_last_year then coalesce(year_counts.last_year, 0) end as last_year,
        case when held.holds_last_year then coalesce(year_counts.last_year_violent, 0) end as last_year_violent,
        case when held.holds_last_year then kinds_of_last_year.primary_type end as last_year_most_common_crime,
        case when held.holds_year_before then coalesce(year_counts.year_before, 0) end as year_before,
        case when held.holds_year_to_date then coalesce(year_counts.year_to_date, 0) end as year_to_date,
        case when held.holds_year_to_date_before then coalesce(year_counts.year_to_date_before, 0) end
            as year_to_date_before,
        held.first_date >= held.map_since as is_of_todays_map
    from listed
    -- One row on the right.
    cross join held
    -- Left: a ward can have no crime, and crimes can lie in no known ward.
    left join counts on listed.ward is not distinct from counts.ward
    left join most_common_kinds on listed.ward is not distinct from most_common_kinds.ward
    left join year_counts on listed.ward is not distinct from year_counts.ward
    left join kinds_of_last_year on listed.ward is not distinct from kinds_of_last_year.ward
    left join chicago.ward_offices on listed.ward = ward_offices.ward
)

select
    wards.ward,
    wards.ward_name,
    wards.alderman,
    cast(wards.total_crimes as bigint) as total_crimes,
    case
        when wards.ward is not null
            then rank() over (partition by wards.ward is null order by wards.total_crimes desc)
    end as total_crimes_rank,
    wards.most_common_crime,
    wards.second_most_common_crime,
    cast(wards.violent as bigint) as violent,
    round(wards.arrest_rate, 4) as arrest_rate,
    wards.ward_phone,
    wards.email,
    cast(wards.last_year as bigint) as last_year,
    wards.last_year_from,
    wards.last_year_to,
    wards.last_year_days,
    round(wards.last_year / wards.last_year_days, 4) as last_year_per_day,
    cast(wards.last_year_violent as bigint) as last_year_violent,
    wards.last_year_most_common_crime,
    cast(wards.year_before as bigint) as year_before,
    cast(wards.year_to_date as bigint) as year_to_date,
    cast(wards.year_to_date_before as bigint) as year_to_date_before,
    -- All have the same days: the rank of a count is that of its rate per day.
    case
        when wards.ward is not null and wards.last_year is not null
            then rank() over (partition by wards.ward is null order by wards.last_year desc)
    end as last_year_rank,
    wards.is_of_todays_map,
    case
        when wards.ward is not null
            then chicago.rank_from(
                wards.total_crimes, array_agg(wards.total_crimes) over (partition by wards.ward is null),
                family_dispersions.noise
            )
    end as total_crimes_rank_from,
    case
        when wards.ward is not null
            then chicago.rank_to(
                wards.total_crimes, array_agg(wards.total_crimes) over (partition by wards.ward is null),
                family_dispersions.noise
            )
    end as total_crimes_rank_to
from wards
-- Left: with few weeks nothing is known of chance.
left join chicago.family_dispersions on family_dispersions.family = 'ward';

create unique index ward_crimes_summary_key on chicago.ward_crimes_summary (ward_name);

comment on materialized view chicago.ward_crimes_summary is
'One row is a ward''s number, 1 to 50, and one the crimes of unknown wards.
Unit: rows of crimes: an incident is one, and so is each victim of a homicide.
Definition: violent is summary UCR''s violent index by FBI code, one code a row, and not NIBRS''s crimes against persons.
Base: counts, not rates; wards are drawn to have nearly equal numbers of residents. arrest_rate is by crimes.
Period: totals and their ranks are of all days held, arrest_rate of complete days, last_year and the others of complete days of today''s map alone.
Chance: total_crimes_rank_from and total_crimes_rank_to are the ranks that it leaves; last_year_rank has none.
Lateness: totals have days that still fill; of a whole last_year less than 1 % is still to come. Arrests come later.
Do not read an old number as today''s ward: the City keeps the ward of when a case was recorded, and before 15 May 2023 it is another area.';

comment on column chicago.ward_crimes_summary.ward is
'Ward. Null: the crimes of unknown wards, which have no rank.';

comment on column chicago.ward_crimes_summary.ward_name is 'Key. The ward as text, or unknown.';

comment on column chicago.ward_crimes_summary.alderman is
'Alderman now, "Last, First": of last_year, and of total_crimes only where is_of_todays_map. Null: none known.';

comment on column chicago.ward_crimes_summary.total_crimes is
'Crimes of all days under this number, on whatever map of wards: see is_of_todays_map. They add up to the rows of crimes.';

comment on column chicago.ward_crimes_summary.total_crimes_rank is
'Rank by total_crimes, of all days held, 1 the most. Null for unknown wards. last_year_rank is of today.';

comment on column chicago.ward_crimes_summary.most_common_crime is
'The kind of crime with the most rows; the first of the alphabet among equals. Null: no crime.';

comment on column chicago.ward_crimes_summary.second_most_common_crime is
'The kind with the second most rows. Null: fewer than two kinds.';

comment on column chicago.ward_crimes_summary.violent is 'Violent index crimes of all days, by FBI code.';

comment on column chicago.ward_crimes_summary.arrest_rate is
'Share of crimes with an arrest, 0 to 1, of complete days, because arrests come late. Null: no such crime.';

comment on column chicago.ward_crimes_summary.ward_phone is
'Telephone of the ward''s office. Null: none published.';

comment on column chicago.ward_crimes_summary.email is 'Email of the ward''s office. Null: none published.';

comment on column chicago.ward_crimes_summary.last_year is
'Crimes of the newest 364 complete days, or of those that are held: see last_year_days. Null: no complete day of today''s map of wards.';

comment on column chicago.ward_crimes_summary.last_year_from is
'First Chicago local date of last_year that is held. Null: no complete day.';

comment on column chicago.ward_crimes_summary.last_year_to is
'Last Chicago local date of last_year: the newest complete day. Null: no complete day.';

comment on column chicago.ward_crimes_summary.last_year_days is
'Complete days of last_year that are held, 364 at most. Null: none.';

comment on column chicago.ward_crimes_summary.last_year_per_day is
'last_year by last_year_days. Null where last_year is.';

comment on column chicago.ward_crimes_summary.year_before is
'Crimes of the 364 days before last_year, which have had a year longer to be published. Null: not held whole, or it reaches before today''s map of wards.';

comment on column chicago.ward_crimes_summary.year_to_date is
'Crimes from 1 January of the year of last_year_to until then. Null: not held whole, or it reaches before today''s map of wards.';

comment on column chicago.ward_crimes_summary.year_to_date_before is
'Crimes of the year before, from 1 January to the same day. Null: not held whole, or it reaches before today''s map of wards.';

comment on column chicago.ward_crimes_summary.last_year_violent is
'Of last_year, violent index crimes by FBI code.';

comment on column chicago.ward_crimes_summary.last_year_most_common_crime is
'The kind with the most rows in last_year; the first of the alphabet among equals. Null: no crime, or no last_year.';

comment on column chicago.ward_crimes_summary.last_year_rank is
'Rank by last_year_per_day, 1 the most. Null for unknown wards. Of counts, since the residents of a ward are not published; wards are drawn to have nearly equal numbers of them.';

comment on column chicago.ward_crimes_summary.is_of_todays_map is
'Whether all crimes held are of 15 May 2023 or later, so that total_crimes, violent, arrest_rate and the kinds are of the ward as it is drawn now. Null: no crime.';

comment on column chicago.ward_crimes_summary.total_crimes_rank_from is
'Best rank that chance leaves to the ward; wards whose ranks overlap are tied. Null for unknown wards, and where fewer than '
'26 weeks are held.';

comment on column chicago.ward_crimes_summary.total_crimes_rank_to is
'Worst rank that chance leaves. Null as total_crimes_rank_from.';
