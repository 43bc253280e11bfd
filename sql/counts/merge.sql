-- Adds what changed to the tables of counts, and takes out the groups that have no crime any more.
-- Reads: changed_crimes, chicago.fbi_codes, pipeline.primary_type_spellings, chicago.crimes.
-- Writes: the tables of counts.
-- Run by: tasks/warehouse/counts.py.
--
-- Each table in two steps: a group by on its own can use all processors, and an insert cannot.

create temporary table daily_changes on commit drop as
select
    cast(changed_crimes.date_of_occurrence as date) as date,
    changed_crimes.district,
    sum(changed_crimes.crimes) as crimes,
    coalesce(sum(changed_crimes.crimes) filter (where fbi_codes.is_violent), 0) as violent,
    coalesce(sum(changed_crimes.crimes) filter (where fbi_codes.is_property), 0) as property,
    coalesce(sum(changed_crimes.crimes) filter (where changed_crimes.arrest), 0) as arrests,
    coalesce(sum(changed_crimes.crimes) filter (where changed_crimes.domestic), 0) as domestic,
    coalesce(
        sum(changed_crimes.crimes) filter (
            where cast(changed_crimes.date_of_occurrence as time) in ('00:00', '00:01')
        ),
        0
    ) as at_placeholder_time,
    coalesce(
        sum(changed_crimes.crimes) filter (
            where fbi_codes.is_violent and cast(changed_crimes.date_of_occurrence as time) in ('00:00', '00:01')
        ),
        0
    ) as violent_at_placeholder_time
from changed_crimes
-- Left: a crime whose code is not in the list counts, as neither violent nor of property.
left join chicago.fbi_codes on changed_crimes.fbi_code = fbi_codes.fbi_code
group by cast(changed_crimes.date_of_occurrence as date), changed_crimes.district;

insert into pipeline.daily_counts (
    date, district, crimes, violent, property, arrests, domestic, at_placeholder_time, violent_at_placeholder_time
)
select
    daily_changes.date,
    daily_changes.district,
    daily_changes.crimes,
    daily_changes.violent,
    daily_changes.property,
    daily_changes.arrests,
    daily_changes.domestic,
    daily_changes.at_placeholder_time,
    daily_changes.violent_at_placeholder_time
from daily_changes
on conflict (date, district) do update
    set
        crimes = daily_counts.crimes + excluded.crimes,
        violent = daily_counts.violent + excluded.violent,
        property = daily_counts.property + excluded.property,
        arrests = daily_counts.arrests + excluded.arrests,
        domestic = daily_counts.domestic + excluded.domestic,
        at_placeholder_time = daily_counts.at_placeholder_time + excluded.at_placeholder_time,
        violent_at_placeholder_time
        = daily_counts.violent_at_placeholder_time + excluded.violent_at_placeholder_time;

delete from pipeline.daily_counts
where daily_counts.crimes = 0;

create temporary table hour_changes on commit drop as
select
    cast(changed_crimes.date_of_occurrence as date) as date,
    cast(extract(hour from changed_crimes.date_of_occurrence) as smallint) as hour,
    -- The City writes midnight, to the second, where it does not know the time.
    cast(changed_crimes.date_of_occurrence as time) = '00:00' as is_unknown_time,
    sum(changed_crimes.crimes) as crimes,
    -- A minute past midnight stands for no time too, and so do some at noon.
    coalesce(
        sum(changed_crimes.crimes) filter (where cast(changed_crimes.date_of_occurrence as time) = '00:01'), 0
    ) as at_one_past_midnight,
    coalesce(
        sum(changed_crimes.crimes) filter (where cast(changed_crimes.date_of_occurrence as time) = '12:00'), 0
    ) as at_exact_noon
from changed_crimes
group by
    cast(changed_crimes.date_of_occurrence as date),
    cast(extract(hour from changed_crimes.date_of_occurrence) as smallint),
    cast(changed_crimes.date_of_occurrence as time) = '00:00';

insert into pipeline.hour_counts (date, hour, is_unknown_time, crimes, at_one_past_midnight, at_exact_noon)
select
    hour_changes.date,
    hour_changes.hour,
    hour_changes.is_unknown_time,
    hour_changes.crimes,
    hour_changes.at_one_past_midnight,
    hour_changes.at_exact_noon
from hour_changes
on conflict (date, hour, is_unknown_time) do update
    set
        crimes = hour_counts.crimes + excluded.crimes,
        at_one_past_midnight = hour_counts.at_one_past_midnight + excluded.at_one_past_midnight,
        at_exact_noon = hour_counts.at_exact_noon + excluded.at_exact_noon;

delete from pipeline.hour_counts
where hour_counts.crimes = 0;

create temporary table place_changes on commit drop as
select
    changed_crimes.beat,
    changed_crimes.district,
    changed_crimes.ward,
    coalesce(primary_type_spellings.primary_type, changed_crimes.primary_description) as primary_type,
    changed_crimes.fbi_code,
    sum(changed_crimes.crimes) as crimes,
    coalesce(sum(changed_crimes.crimes) filter (where changed_crimes.arrest), 0) as arrests,
    coalesce(sum(changed_crimes.crimes) filter (where changed_crimes.domestic), 0) as domestic
from changed_crimes
-- Left: most kinds have one spelling.
left join pipeline.primary_type_spellings on changed_crimes.primary_description = primary_type_spellings.published
group by
    changed_crimes.beat,
    changed_crimes.district,
    changed_crimes.ward,
    coalesce(primary_type_spellings.primary_type, changed_crimes.primary_description),
    changed_crimes.fbi_code;

insert into pipeline.place_counts (beat, district, ward, primary_type, fbi_code, crimes, arrests, domestic)
select
    place_changes.beat,
    place_changes.district,
    place_changes.ward,
    place_changes.primary_type,
    place_changes.fbi_code,
    place_changes.crimes,
    place_changes.arrests,
    place_changes.domestic
from place_changes
on conflict (beat, district, ward, primary_type, fbi_code) do update
    set
        crimes = place_counts.crimes + excluded.crimes,
        arrests = place_counts.arrests + excluded.arrests,
        domestic = place_counts.domestic + excluded.domestic;

delete from pipeline.place_counts
where place_counts.crimes = 0;

create temporary table code_changes on commit drop as
select
    changed_crimes.iucr,
    sum(changed_crimes.crimes) as crimes
from changed_crimes
group by changed_crimes.iucr;

insert into pipeline.code_counts (iucr, crimes)
select
    code_changes.iucr,
    code_changes.crimes
from code_changes
on conflict (iucr) do update
    set crimes = code_counts.crimes + excluded.crimes;

delete from pipeline.code_counts
where code_counts.crimes = 0;

create temporary table cell_changes on commit drop as
select
    cast(floor(placed.x_coordinate / cast(1000 as double precision)) as integer) as cell_x,
    cast(floor(placed.y_coordinate / cast(1000 as double precision)) as integer) as cell_y,
    placed.primary_type,
    placed.is_violent,
    sum(placed.crimes) as crimes,
    max(placed.date) filter (where placed.crimes > 0) as latest_added,
    max(placed.date) filter (where placed.crimes < 0) as latest_gone
from (
    -- A point is both coordinates or none, and the crimes without one are one group.
    select
        changed_crimes.crimes,
        cast(changed_crimes.date_of_occurrence as date) as date,
        case when changed_crimes.y_coordinate is not null then changed_crimes.x_coordinate end as x_coordinate,
        case when changed_crimes.x_coordinate is not null then changed_crimes.y_coordinate end as y_coordinate,
        case
            when changed_crimes.x_coordinate + changed_crimes.y_coordinate is not null
                then coalesce(primary_type_spellings.primary_type, changed_crimes.primary_description)
        end as primary_type,
        case
            when changed_crimes.x_coordinate + changed_crimes.y_coordinate is not null
                then coalesce(fbi_codes.is_violent, false)
        end as is_violent
    from changed_crimes
    -- Left: most kinds have one spelling, and codes can be newer than the list.
    left join pipeline.primary_type_spellings
        on changed_crimes.primary_description = primary_type_spellings.published
    left join chicago.fbi_codes on changed_crimes.fbi_code = fbi_codes.fbi_code
) as placed
group by
    cast(floor(placed.x_coordinate / cast(1000 as double precision)) as integer),
    cast(floor(placed.y_coordinate / cast(1000 as double precision)) as integer),
    placed.primary_type,
    placed.is_violent;

insert into pipeline.cell_counts (cell_x, cell_y, primary_type, is_violent, crimes, latest_date)
select
    cell_changes.cell_x,
    cell_changes.cell_y,
    cell_changes.primary_type,
    cell_changes.is_violent,
    cell_changes.crimes,
    -- A group of which crimes have only gone stands in the table, with this date or a later one.
    coalesce(cell_changes.latest_added, cell_changes.latest_gone) as latest_date
from cell_changes
on conflict (cell_x, cell_y, primary_type, is_violent) do update
    set
        crimes = cell_counts.crimes + excluded.crimes,
        latest_date = greatest(cell_counts.latest_date, excluded.latest_date);

delete from pipeline.cell_counts
where cell_counts.crimes = 0;

-- A crime of a group is gone and none as new has come: its newest date may have gone too, and is looked up.
create temporary table redated_cells on commit drop as
select
    cell_changes.cell_x,
    cell_changes.cell_y,
    cell_changes.primary_type,
    cell_changes.is_violent
from cell_changes
where
    cell_changes.latest_gone is not null
    and coalesce(cell_changes.latest_added < cell_changes.latest_gone, true);

analyze redated_cells;

update pipeline.cell_counts
set latest_date = dated.latest_date
from (
    select
        redated_cells.cell_x,
        redated_cells.cell_y,
        redated_cells.primary_type,
        redated_cells.is_violent,
        max(cast(crimes.date_of_occurrence as date)) as latest_date
    from redated_cells
    -- Inner: a group that has no crime any more has no date. The crimes without a point are below.
    inner join chicago.crimes
        on
            redated_cells.cell_x
            = cast(floor(crimes.x_coordinate / cast(1000 as double precision)) as integer)
            and redated_cells.cell_y
            = cast(floor(crimes.y_coordinate / cast(1000 as double precision)) as integer)
    -- Left: as above.
    left join pipeline.primary_type_spellings on crimes.primary_description = primary_type_spellings.published
    left join chicago.fbi_codes on crimes.fbi_code = fbi_codes.fbi_code
    where
        redated_cells.primary_type = coalesce(primary_type_spellings.primary_type, crimes.primary_description)
        and redated_cells.is_violent = coalesce(fbi_codes.is_violent, false)
    group by
        redated_cells.cell_x, redated_cells.cell_y, redated_cells.primary_type, redated_cells.is_violent
) as dated
where
    cell_counts.cell_x = dated.cell_x
    and cell_counts.cell_y = dated.cell_y
    and cell_counts.primary_type = dated.primary_type
    and cell_counts.is_violent = dated.is_violent;

update pipeline.cell_counts
set
    latest_date = (
        select cast(max(crimes.date_of_occurrence) as date)
        from chicago.crimes
        where crimes.x_coordinate is null or crimes.y_coordinate is null
    )
where
    cell_counts.cell_x is null
    and exists (select 1 from redated_cells where redated_cells.cell_x is null);
