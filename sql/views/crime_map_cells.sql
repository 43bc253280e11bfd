-- One row is a cell of a grid of 1,000 feet and a kind of crime in it; the crimes without coordinates are one
-- row.
-- Reads: pipeline.cell_counts, which follows the crimes, chicago.crime_map_totals, chicago.cells_by_period,
-- chicago.place_periods_held. Run by: tasks/warehouse/views.py.

create view chicago.crime_map_cells as
select
    cell_counts.cell_x,
    cell_counts.cell_y,
    crime_map_totals.latitude,
    crime_map_totals.longitude,
    cell_counts.primary_type as primary_description,
    cell_counts.is_violent,
    cell_counts.crimes,
    cell_counts.latest_date,
    case when held.last_year_days > 0 then coalesce(cells_by_period.last_year, nowhere.last_year, 0) end as last_year,
    held.last_year_from,
    held.last_year_to,
    held.last_year_days,
    case when held.year_before_from is not null then coalesce(cells_by_period.year_before, nowhere.year_before, 0) end
        as year_before,
    case
        when held.year_to_date_from is not null then coalesce(cells_by_period.year_to_date, nowhere.year_to_date, 0)
    end as year_to_date,
    case
        when held.year_to_date_before_from is not null
            then coalesce(cells_by_period.year_to_date_before, nowhere.year_to_date_before, 0)
    end as year_to_date_before
from pipeline.cell_counts
-- One row on the right.
cross join chicago.place_periods_held as held
-- Left: the row without coordinates has no centre.
left join chicago.crime_map_totals
    on
        cell_counts.cell_x = crime_map_totals.cell_x
        and cell_counts.cell_y = crime_map_totals.cell_y
-- Left: a kind can have no crime in any period. By equality, which can use an index; the row without coordinates is
-- joined on its own.
left join chicago.cells_by_period
    on
        cell_counts.cell_x = cells_by_period.cell_x
        and cell_counts.cell_y = cells_by_period.cell_y
        and cell_counts.primary_type = cells_by_period.primary_type
        and cell_counts.is_violent = cells_by_period.is_violent
left join chicago.cells_by_period as nowhere on cell_counts.cell_x is null and nowhere.cell_x is null;

comment on view chicago.crime_map_cells is
'One row is a cell of a grid of 1,000 feet and a kind of crime in it; one is the crimes without coordinates.
Unit: rows of crimes, by the point of their block: an incident is one, and so is each victim of a homicide.
Definition: is_violent is the violent index of summary UCR by FBI code: of ASSAULT and BATTERY only the aggravated; NIBRS counts otherwise.
Base: counts, not rates. Cells are of one size; their residents are not known.
Period: crimes are of all days held, last_year and the others of complete days: see place_periods.
Chance: no range; 10 crimes fit any rate from 5 to 18 a year.
Lateness: crimes has days that still fill; of a whole last_year less than 1 % is still to come.
Do not read a cell as an address or a street: a block can lie in two cells, and its point in either.';

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

comment on column chicago.crime_map_cells.last_year is
'Crimes of the newest 364 complete days, or of those that are held: see last_year_days. Null: no complete day.';

comment on column chicago.crime_map_cells.last_year_from is
'First Chicago local date of last_year that is held. Null: no complete day.';

comment on column chicago.crime_map_cells.last_year_to is
'Last Chicago local date of last_year: the newest complete day. Null: no complete day.';

comment on column chicago.crime_map_cells.last_year_days is
'Complete days of last_year that are held, 364 at most. Null: none.';

comment on column chicago.crime_map_cells.year_before is
'Crimes of the 364 days before last_year, which have had a year longer to be published. Null: not held whole.';

comment on column chicago.crime_map_cells.year_to_date is
'Crimes from 1 January of the year of last_year_to until then. Null: not held whole.';

comment on column chicago.crime_map_cells.year_to_date_before is
'Crimes of the year before, from 1 January to the same day. Null: not held whole.';
