-- Writes what of the counts of places is of days that are not complete: it changes with the days, not only with the
-- crimes, and is a few weeks of them.
-- Reads: chicago.crimes. Writes: pipeline.place_counts. Run by: tasks/warehouse/counts.py.
-- Parameters: first_moment, end_moment (excluded): between them the days are complete.

update pipeline.place_counts
set
    incomplete_crimes = 0,
    incomplete_arrests = 0,
    incomplete_domestic = 0
where place_counts.incomplete_crimes <> 0;

-- Each group is there, since all its crimes are counted: what is inserted always meets it.
insert into pipeline.place_counts (
    beat, district, ward, primary_type, fbi_code, crimes, arrests, domestic,
    incomplete_crimes, incomplete_arrests, incomplete_domestic
)
select
    crimes.beat,
    crimes.district,
    crimes.ward,
    coalesce(primary_type_spellings.primary_type, crimes.primary_description) as primary_type,
    crimes.fbi_code,
    0 as crimes,
    0 as arrests,
    0 as domestic,
    count(*) as incomplete_crimes,
    count(*) filter (where crimes.arrest) as incomplete_arrests,
    count(*) filter (where crimes.domestic) as incomplete_domestic
from chicago.crimes
-- Left: most kinds have one spelling.
left join pipeline.primary_type_spellings on crimes.primary_description = primary_type_spellings.published
where
    -- Parameters, so that the planner knows how few they are.
    crimes.date_of_occurrence < cast(:first_moment as timestamp without time zone)  -- noqa: RF02
    or crimes.date_of_occurrence >= cast(:end_moment as timestamp without time zone)  -- noqa: RF02
group by
    crimes.beat,
    crimes.district,
    crimes.ward,
    coalesce(primary_type_spellings.primary_type, crimes.primary_description),
    crimes.fbi_code
on conflict (beat, district, ward, primary_type, fbi_code) do update
    set
        incomplete_crimes = excluded.incomplete_crimes,
        incomplete_arrests = excluded.incomplete_arrests,
        incomplete_domestic = excluded.incomplete_domestic;
