-- One row is a cell of the map's grid in which there is a crime, with its centre in degrees and its totals; the crimes
-- without coordinates are one row.
-- Reads: pipeline.cell_counts, which follows the crimes, chicago.cells_by_period, chicago.place_periods_held.
-- Run by: tasks/warehouse/views.py; refreshed when the data changed.
--
-- The grid is that of the published feet (EPSG:3435, Illinois East, transverse Mercator on GRS 80). A cell's
-- centre in degrees is the inverse projection of J. P. Snyder, Map Projections (USGS Professional Paper
-- 1395), pages 60 to 64; it agrees with the City's own degrees to 4e-9.

create materialized view chicago.crime_map_totals as
with ellipsoid as (
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

totals as materialized (
    select
        cell_counts.cell_x,
        cell_counts.cell_y,
        cast(sum(cell_counts.crimes) as bigint) as crimes,
        -- Of the crimes without a point it is not counted which are violent.
        case
            when cell_counts.cell_x is not null
                then cast(coalesce(sum(cell_counts.crimes) filter (where cell_counts.is_violent), 0) as bigint)
        end as violent,
        max(cell_counts.latest_date) as latest_date
    from pipeline.cell_counts
    group by
        cell_counts.cell_x,
        cell_counts.cell_y
),

centres as materialized (
    select
        places.cell_x,
        places.cell_y,
        -- US survey feet to metres; the false easting is 300,000 m.
        ((places.cell_x * 1000.0 + 500) * 1200 / 3937 - 300000) / ellipsoid.k0 as east,
        (ellipsoid.m0 + (places.cell_y * 1000.0 + 500) * 1200 / 3937 / ellipsoid.k0) / ellipsoid.m1 as mu
    from totals as places
    -- One row on the right.
    cross join ellipsoid
    where places.cell_x is not null
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
),

year_counts as materialized (
    select
        cells_by_period.cell_x,
        cells_by_period.cell_y,
        sum(cells_by_period.last_year) as last_year,
        sum(cells_by_period.year_before) as year_before,
        sum(cells_by_period.year_to_date) as year_to_date,
        sum(cells_by_period.year_to_date_before) as year_to_date_before
    from chicago.cells_by_period
    group by cells_by_period.cell_x, cells_by_period.cell_y
)

select
    totals.cell_x,
    totals.cell_y,
    round(cast(located.latitude as numeric), 6) as latitude,
    round(cast(located.longitude as numeric), 6) as longitude,
    totals.crimes,
    totals.violent,
    totals.latest_date,
    case when held.last_year_days > 0 then cast(coalesce(year_counts.last_year, 0) as bigint) end as last_year,
    held.last_year_from,
    held.last_year_to,
    held.last_year_days,
    case when held.year_before_from is not null then cast(coalesce(year_counts.year_before, 0) as bigint) end
        as year_before,
    case when held.year_to_date_from is not null then cast(coalesce(year_counts.year_to_date, 0) as bigint) end
        as year_to_date,
    case
        when held.year_to_date_before_from is not null
            then cast(coalesce(year_counts.year_to_date_before, 0) as bigint)
    end as year_to_date_before
from totals
-- One row on the right.
cross join chicago.place_periods_held as held
-- Left: a cell can have no crime in any period. Coordinates are above 0: the row without them is joined to its own.
left join year_counts
    on
        coalesce(totals.cell_x, -1) = coalesce(year_counts.cell_x, -1)
        and coalesce(totals.cell_y, -1) = coalesce(year_counts.cell_y, -1)
-- Left: the row without coordinates has no centre.
left join located
    on
        totals.cell_x = located.cell_x
        and totals.cell_y = located.cell_y;

create unique index crime_map_totals_key on chicago.crime_map_totals (cell_x, cell_y) nulls not distinct;

comment on materialized view chicago.crime_map_totals is
'One row is a cell of 1,000 feet with a crime, its centre and its totals; one is the crimes without coordinates.
Unit: rows of crimes, by the point of their block: an incident is one, and so is each victim of a homicide.
Definition: violent is summary UCR''s violent index by FBI code (01A, 02, 03, 04A, 04B), which is not NIBRS''s crimes against persons.
Base: counts, not rates. Cells are of one size; their residents are not known.
Period: crimes and violent are of all days held, last_year and the others of complete days: see place_periods.
Chance: no range; 25 crimes fit any rate from 16 to 37 a year.
Lateness: crimes has days that still fill; of a whole last_year less than 1 % is still to come.
Do not read the fullest cell as the most dangerous one: the most people may be there too.';

comment on column chicago.crime_map_totals.cell_x is
'Key. Thousands of feet east, EPSG:3435, rounded down. Null: no coordinates.';

comment on column chicago.crime_map_totals.cell_y is
'Key. Thousands of feet north, EPSG:3435, rounded down. Null: no coordinates.';

comment on column chicago.crime_map_totals.latitude is 'Degrees north of the centre. Null: no coordinates.';

comment on column chicago.crime_map_totals.longitude is 'Degrees east of the centre, negative. Null: no coordinates.';

comment on column chicago.crime_map_totals.crimes is 'Crimes of all days and kinds; they add up to the rows of crimes.';

comment on column chicago.crime_map_totals.violent is 'Violent index crimes among them, by FBI code. Null: no coordinates.';

comment on column chicago.crime_map_totals.latest_date is 'Chicago local date of the newest of them.';

comment on column chicago.crime_map_totals.last_year is
'Crimes of the newest 364 complete days, or of those that are held: see last_year_days. Null: no complete day.';

comment on column chicago.crime_map_totals.last_year_from is
'First Chicago local date of last_year that is held. Null: no complete day.';

comment on column chicago.crime_map_totals.last_year_to is
'Last Chicago local date of last_year: the newest complete day. Null: no complete day.';

comment on column chicago.crime_map_totals.last_year_days is
'Complete days of last_year that are held, 364 at most. Null: none.';

comment on column chicago.crime_map_totals.year_before is
'Crimes of the 364 days before last_year, which have had a year longer to be published. Null: not held whole.';

comment on column chicago.crime_map_totals.year_to_date is
'Crimes from 1 January of the year of last_year_to until then. Null: not held whole.';

comment on column chicago.crime_map_totals.year_to_date_before is
'Crimes of the year before, from 1 January to the same day. Null: not held whole.';
