-- One row is a cell of the map's grid and a kind of crime with a crime in one of the periods of place_periods, and its
-- counts in each; the crimes without coordinates are one row. The base of what the map says of periods.
-- Reads: chicago.crimes of the newest two years, chicago.place_periods, chicago.place_periods_held, chicago.fbi_codes,
-- chicago.primary_type_spellings. Run by: tasks/warehouse/views.py; refreshed when the data changed.

create materialized view chicago.cells_by_period as
with ends as materialized (
    select
        held.last_year_from as last_year,
        held.year_before_from as year_before,
        held.year_to_date_from as to_date,
        held.year_to_date_before_from as to_date_before,
        -- The day after the last.
        held.year_before_to + 1 as year_before_end,
        held.year_to_date_before_to + 1 as to_date_before_end
    from chicago.place_periods_held as held
),

placed as (
    select
        crimes.date_of_occurrence,
        -- A point is both coordinates or none, and the crimes without one are one group.
        crimes.x_coordinate is not null and crimes.y_coordinate is not null as has_point,
        crimes.x_coordinate,
        crimes.y_coordinate,
        coalesce(primary_type_spellings.primary_type, crimes.primary_description) as primary_type,
        coalesce(fbi_codes.is_violent, false) as is_violent
    from chicago.crimes
    -- Left: most kinds have one spelling, and codes can be newer than the list.
    left join chicago.primary_type_spellings on crimes.primary_description = primary_type_spellings.published
    left join chicago.fbi_codes on crimes.fbi_code = fbi_codes.fbi_code
    where
        -- By the index on date_of_occurrence: two years, whatever is held.
        crimes.date_of_occurrence >= (
            select min(place_periods.first_date) from chicago.place_periods
            where place_periods.is_held
        )
        and crimes.date_of_occurrence < (select max(place_periods.last_date) + 1 from chicago.place_periods)
),

counted as (
    select
        case
            when placed.has_point
                then cast(floor(placed.x_coordinate / cast(1000 as double precision)) as integer)
        end as cell_x,
        case
            when placed.has_point
                then cast(floor(placed.y_coordinate / cast(1000 as double precision)) as integer)
        end as cell_y,
        case when placed.has_point then placed.primary_type end as primary_type,
        case when placed.has_point then placed.is_violent end as is_violent,
        placed.date_of_occurrence >= ends.last_year as is_last_year,
        placed.date_of_occurrence >= ends.year_before
        and placed.date_of_occurrence < ends.year_before_end as is_year_before,
        placed.date_of_occurrence >= ends.to_date as is_to_date,
        placed.date_of_occurrence >= ends.to_date_before
        and placed.date_of_occurrence < ends.to_date_before_end as is_to_date_before
    from placed
    -- One row on the right.
    cross join ends
),

counts as (
    select
        counted.cell_x,
        counted.cell_y,
        counted.primary_type,
        counted.is_violent,
        count(*) filter (where counted.is_last_year) as last_year,
        count(*) filter (where counted.is_year_before) as year_before,
        count(*) filter (where counted.is_to_date) as to_date,
        count(*) filter (where counted.is_to_date_before) as to_date_before
    from counted
    where counted.is_last_year or counted.is_year_before or counted.is_to_date or counted.is_to_date_before
    group by counted.cell_x, counted.cell_y, counted.primary_type, counted.is_violent
)

select
    counts.cell_x,
    counts.cell_y,
    counts.primary_type,
    counts.is_violent,
    case when ends.last_year is not null then counts.last_year end as last_year,
    case when ends.year_before is not null then counts.year_before end as year_before,
    case when ends.to_date is not null then counts.to_date end as year_to_date,
    case when ends.to_date_before is not null then counts.to_date_before end as year_to_date_before
from counts
-- One row on the right.
cross join ends;

create unique index cells_by_period_key on chicago.cells_by_period (
    cell_x, cell_y, primary_type, is_violent
) nulls not distinct;

-- For a map of one kind.
create index cells_by_period_primary_type on chicago.cells_by_period (primary_type);

comment on materialized view chicago.cells_by_period is
'One row is a cell of 1,000 feet and a kind of crime with a crime in a period of place_periods; one is the crimes without a point.
Base of crime_map_cells and crime_map_totals: a cell without a crime in a period has no row.
Unit: rows of crimes: incidents, and each victim of a homicide.
Period: those of place_periods; null where one is not held.';

comment on column chicago.cells_by_period.cell_x is
'Thousands of feet east, EPSG:3435, rounded down. Null: no coordinates.';

comment on column chicago.cells_by_period.cell_y is
'Thousands of feet north, EPSG:3435, rounded down. Null: no coordinates.';

comment on column chicago.cells_by_period.primary_type is
'Kind of crime, one spelling for each. Null: no coordinates.';

comment on column chicago.cells_by_period.is_violent is
'Violent index crime by FBI code; false where the code is unknown. Null: no coordinates.';

comment on column chicago.cells_by_period.last_year is
'Crimes of the newest 364 complete days, or those of them that are held.';

comment on column chicago.cells_by_period.year_before is 'Crimes of the 364 days before. Null: not held whole.';

comment on column chicago.cells_by_period.year_to_date is
'Crimes from 1 January to the newest complete day. Null: not held whole.';

comment on column chicago.cells_by_period.year_to_date_before is
'Crimes of the year before, from 1 January to the same day. Null: not held whole.';
