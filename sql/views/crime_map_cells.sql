-- One row is a cell of a grid of 1,000 feet and a kind of crime in it; the crimes without coordinates are one
-- row.
-- Reads: chicago.crimes, chicago.fbi_codes, chicago.primary_type_spellings.
-- Run by: tasks/warehouse/views.py; refreshed when the data changed.
--
-- The grid is that of the published feet (EPSG:3435, Illinois East, transverse Mercator on GRS 80). A cell's
-- centre in degrees is the inverse projection of J. P. Snyder, Map Projections (USGS Professional Paper
-- 1395), pages 60 to 64; it agrees with the City's own degrees to 4e-9.

create materialized view chicago.crime_map_cells as
with counts as (
    select
        crimes.primary_description,
        crimes.fbi_code,
        cast(floor(crimes.x_coordinate / cast(1000 as double precision)) as integer) as cell_x,
        cast(floor(crimes.y_coordinate / cast(1000 as double precision)) as integer) as cell_y,
        count(*) as crimes,
        max(cast(crimes.date_of_occurrence as date)) as latest_date
    from chicago.crimes
    group by
        crimes.primary_description,
        crimes.fbi_code,
        cast(floor(crimes.x_coordinate / cast(1000 as double precision)) as integer),
        cast(floor(crimes.y_coordinate / cast(1000 as double precision)) as integer)
),

located_counts as (
    select
        -- A point is both coordinates or none.
        case when counts.cell_y is not null then counts.cell_x end as cell_x,
        case when counts.cell_x is not null then counts.cell_y end as cell_y,
        counts.cell_x is not null and counts.cell_y is not null as is_located,
        coalesce(primary_type_spellings.primary_type, counts.primary_description) as primary_type,
        coalesce(fbi_codes.is_violent, false) as is_violent,
        counts.crimes,
        counts.latest_date
    from counts
    -- Left: most kinds have one spelling, and codes can be newer than the list.
    left join chicago.primary_type_spellings on counts.primary_description = primary_type_spellings.published
    left join chicago.fbi_codes on counts.fbi_code = fbi_codes.fbi_code
),

cells as (
    select
        located_counts.cell_x,
        located_counts.cell_y,
        case when located_counts.is_located then located_counts.primary_type end as primary_description,
        case when located_counts.is_located then located_counts.is_violent end as is_violent,
        sum(located_counts.crimes) as crimes,
        max(located_counts.latest_date) as latest_date
    from located_counts
    group by
        located_counts.cell_x,
        located_counts.cell_y,
        case when located_counts.is_located then located_counts.primary_type end,
        case when located_counts.is_located then located_counts.is_violent end
),

ellipsoid as (
    select
        cast(6378137.0 as double precision) as a,
        cast(0.00669438002290079 as double precision) as e2,
        cast(0.00673949677547896 as double precision) as ep2,
        cast(0.00167922039462874 as double precision) as e1,
        cast(0.999975 as double precision) as k0,
        -- Metres on the meridian from the equator to the origin's latitude, 36 degrees 40 minutes.
        cast(4059519.467418564 as double precision) as m0,
        -- Metres of the meridian for a radian of rectifying latitude.
        cast(6367449.145908449 as double precision) as m1
),

centres as materialized (
    select
        places.cell_x,
        places.cell_y,
        -- US survey feet to metres; the false easting is 300,000 m.
        ((places.cell_x * 1000.0 + 500) * 1200 / 3937 - 300000) / ellipsoid.k0 as east,
        (ellipsoid.m0 + (places.cell_y * 1000.0 + 500) * 1200 / 3937 / ellipsoid.k0) / ellipsoid.m1 as mu
    from (
        select distinct
            cells.cell_x,
            cells.cell_y
        from cells
    ) as places
    -- One row on the right.
    cross join ellipsoid
),

footpoints as materialized (
    select
        centres.cell_x,
        centres.cell_y,
        centres.east,
        centres.mu
        + (3 * ellipsoid.e1 / 2 - 27 * power(ellipsoid.e1, 3) / 32) * sin(2 * centres.mu)
        + (21 * power(ellipsoid.e1, 2) / 16 - 55 * power(ellipsoid.e1, 4) / 32) * sin(4 * centres.mu)
        + (151 * power(ellipsoid.e1, 3) / 96) * sin(6 * centres.mu) as phi
    from centres
    -- One row on the right.
    cross join ellipsoid
),

terms as materialized (
    select
        footpoints.cell_x,
        footpoints.cell_y,
        footpoints.phi,
        power(tan(footpoints.phi), 2) as t,
        ellipsoid.ep2 * power(cos(footpoints.phi), 2) as c,
        ellipsoid.ep2,
        (1 - ellipsoid.e2 * power(sin(footpoints.phi), 2)) / (1 - ellipsoid.e2) as n_by_r,
        footpoints.east * sqrt(1 - ellipsoid.e2 * power(sin(footpoints.phi), 2)) / ellipsoid.a as d
    from footpoints
    -- One row on the right.
    cross join ellipsoid
),

located as (
    select
        terms.cell_x,
        terms.cell_y,
        degrees(
            terms.phi - terms.n_by_r * tan(terms.phi) * (
                power(terms.d, 2) / 2
                - (5 + 3 * terms.t + 10 * terms.c - 4 * power(terms.c, 2) - 9 * terms.ep2)
                * power(terms.d, 4) / 24
            )
        ) as latitude,
        -- The central meridian is 88 degrees 20 minutes west.
        degrees((terms.d - (1 + 2 * terms.t + terms.c) * power(terms.d, 3) / 6) / cos(terms.phi))
        - (88 + 20 / 60.0) as longitude
    from terms
)

select
    cells.cell_x,
    cells.cell_y,
    round(cast(located.latitude as numeric), 6) as latitude,
    round(cast(located.longitude as numeric), 6) as longitude,
    cells.primary_description,
    cells.is_violent,
    cast(cells.crimes as bigint) as crimes,
    cells.latest_date
from cells
-- Left: the row without coordinates has no centre.
left join located
    on
        cells.cell_x = located.cell_x
        and cells.cell_y = located.cell_y;

create unique index crime_map_cells_key on chicago.crime_map_cells (
    cell_x, cell_y, primary_description, is_violent
) nulls not distinct;

comment on materialized view chicago.crime_map_cells is
'One row is a cell of a grid of 1,000 feet and a kind of crime in it; one is the crimes without coordinates.';

comment on column chicago.crime_map_cells.cell_x is
'Column of the grid: x_coordinate (feet, EPSG:3435) by 1,000, rounded down. Null: no coordinates.';

comment on column chicago.crime_map_cells.cell_y is
'Row of the grid: y_coordinate (feet, EPSG:3435) by 1,000, rounded down. Null: no coordinates.';

comment on column chicago.crime_map_cells.latitude is
'Degrees north of the cell''s centre. Null: no coordinates.';

comment on column chicago.crime_map_cells.longitude is
'Degrees east of the cell''s centre. Null: no coordinates.';

comment on column chicago.crime_map_cells.primary_description is
'Kind of crime, one spelling for each. Null: no coordinates, all kinds.';

comment on column chicago.crime_map_cells.is_violent is
'Violent index crime by FBI code; false where the code is unknown. Null: no coordinates.';

comment on column chicago.crime_map_cells.crimes is 'Crimes of all days; they add up to the rows of crimes.';

comment on column chicago.crime_map_cells.latest_date is 'Chicago local date of the newest of them.';
