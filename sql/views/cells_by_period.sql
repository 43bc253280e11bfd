-- One row is a cell of the map's grid and a kind of crime with a crime in one of the periods of place_periods, and its
-- counts in each; the crimes without coordinates are one row. The base of what the map says of periods.
-- Reads: pipeline.cell_period_counts, chicago.place_periods_held. Run by: tasks/warehouse/views.py.

create view chicago.cells_by_period as
select
    counts.cell_x,
    counts.cell_y,
    counts.primary_type,
    counts.is_violent,
    case when held.last_year_from is not null then counts.last_year end as last_year,
    case when held.year_before_from is not null then counts.year_before end as year_before,
    case when held.year_to_date_from is not null then counts.year_to_date end as year_to_date,
    case when held.year_to_date_before_from is not null then counts.year_to_date_before end as year_to_date_before
from pipeline.cell_period_counts as counts
-- One row on the right.
cross join chicago.place_periods_held as held;

comment on view chicago.cells_by_period is
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
