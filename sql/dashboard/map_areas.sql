-- One row is a police district, beat or ward with a crime of those asked for; one, without a place, is those of none.
-- Reads: chicago.crimes_enriched. Run by: dashboard/site/city_map.py. Parameters: layer (district, beat or ward),
-- first_date, last_date, and the filters, which let all through where they are null: kind, violent, time_of_day,
-- district, ward. Of two years at most: those days are found by their index.

with crimes as (
    select
        case cast(:layer as text)
            when 'district' then cast(crimes_enriched.district as text)
            when 'beat' then crimes_enriched.beat
            when 'ward' then cast(crimes_enriched.ward as text)
        end as area,
        crimes_enriched.is_violent,
        crimes_enriched.arrest
    from chicago.crimes_enriched
    where
        crimes_enriched.date_of_occurrence >= cast(:first_date as date)
        and crimes_enriched.date_of_occurrence < cast(:last_date as date) + 1
        and (cast(:kind as text) is null or crimes_enriched.primary_type = cast(:kind as text))
        and (
            cast(:violent as boolean) is null
            or coalesce(crimes_enriched.is_violent, false) = cast(:violent as boolean)
        )
        and (cast(:district as smallint) is null or crimes_enriched.district = cast(:district as smallint))
        and (cast(:ward as smallint) is null or crimes_enriched.ward = cast(:ward as smallint))
        and (cast(:time_of_day as text) is null or crimes_enriched.time_of_day = cast(:time_of_day as text))
)

select
    crimes.area,
    count(*) as crimes,
    count(*) filter (where crimes.is_violent) as violent,
    count(*) filter (where crimes.arrest) as arrests
from crimes
group by crimes.area
order by crimes desc, crimes.area asc;
