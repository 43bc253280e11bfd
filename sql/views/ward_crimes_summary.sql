-- One row is a ward, its alderman, its crimes and the two most common kinds; and one for unknown wards.
-- Reads: chicago.place_cube, chicago.ward_offices, chicago.family_dispersions.
-- Run by: tasks/warehouse/views.py; refreshed when the data changed.

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
        ward_offices.email
    from listed
    -- Left: a ward can have no crime, and crimes can lie in no known ward.
    left join counts on listed.ward is not distinct from counts.ward
    left join most_common_kinds on listed.ward is not distinct from most_common_kinds.ward
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
'One row is a ward, 1 to 50, and one the crimes of unknown wards.';

comment on column chicago.ward_crimes_summary.ward is
'Ward. Null: the crimes of unknown wards, which have no rank.';

comment on column chicago.ward_crimes_summary.ward_name is 'Key. The ward as text, or unknown.';

comment on column chicago.ward_crimes_summary.alderman is 'Alderman, "Last, First". Null: none known.';

comment on column chicago.ward_crimes_summary.total_crimes is
'Crimes of all days; they add up to the rows of crimes.';

comment on column chicago.ward_crimes_summary.total_crimes_rank is
'Rank by total_crimes, 1 the most. Null for unknown wards.';

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

comment on column chicago.ward_crimes_summary.total_crimes_rank_from is
'Best rank that chance leaves to the ward; wards whose ranks overlap are tied. Null for unknown wards, and where fewer than '
'26 weeks are held.';

comment on column chicago.ward_crimes_summary.total_crimes_rank_to is
'Worst rank that chance leaves. Null as total_crimes_rank_from.';
