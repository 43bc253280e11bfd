-- One row is a cell of a grid of 1,000 feet and a kind of crime in it; the crimes without coordinates are one
-- row.
-- Reads: pipeline.cell_counts, which follows the crimes, chicago.crime_map_totals. Run by: tasks/warehouse/views.py.

create view chicago.crime_map_cells as
select
    cell_counts.cell_x,
    cell_counts.cell_y,
    crime_map_totals.latitude,
    crime_map_totals.longitude,
    cell_counts.primary_type as primary_description,
    cell_counts.is_violent,
    cell_counts.crimes,
    cell_counts.latest_date
from pipeline.cell_counts
-- Left: the row without coordinates has no centre.
left join chicago.crime_map_totals
    on
        cell_counts.cell_x = crime_map_totals.cell_x
        and cell_counts.cell_y = crime_map_totals.cell_y;

comment on view chicago.crime_map_cells is
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
