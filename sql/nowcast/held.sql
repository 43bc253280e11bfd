-- One row is a date, kind, place and class of crimes that are held now, of the dates that still move.
-- Reads: chicago.crimes, chicago.fbi_codes, pipeline.primary_type_spellings. Writes: nothing.
-- Run by: tasks/warehouse/nowcast.py. Parameters: first_date, end_date.

select
    cast(crimes.date_of_occurrence as date) as date,
    coalesce(primary_type_spellings.primary_type, crimes.primary_description) as kind,
    crimes.district,
    crimes.ward,
    crimes.beat,
    coalesce(fbi_codes.is_violent, false) as violent,
    coalesce(fbi_codes.is_property, false) as property,
    crimes.domestic,
    count(*) as crimes
from chicago.crimes
-- Left, both: most kinds have one spelling, and codes can be newer than the list.
left join pipeline.primary_type_spellings on crimes.primary_description = primary_type_spellings.published
left join chicago.fbi_codes on crimes.fbi_code = fbi_codes.fbi_code
where
    crimes.date_of_occurrence >= cast(:first_date as date)
    and crimes.date_of_occurrence < cast(:end_date as date)
group by
    cast(crimes.date_of_occurrence as date), kind, crimes.district, crimes.ward, crimes.beat, violent, property,
    crimes.domestic;
