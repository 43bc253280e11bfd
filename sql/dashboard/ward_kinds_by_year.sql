-- One row is a kind of crime in the ward asked for: its crimes in the dates asked for, and 364 days earlier.
-- Reads: chicago.crimes_enriched. Run by: dashboard/site/wards.py. Parameters: ward, since, until.

select
    crimes_enriched.primary_type,
    count(*) filter (where crimes_enriched.date >= cast(:since as date)) as last_year,
    count(*) filter (
        where crimes_enriched.date >= cast(:since as date) and crimes_enriched.domestic
    ) as last_year_domestic,
    case
        when cast(:since as date) - 364 >= chicago.ward_map_since('infinity')
            then count(*) filter (where crimes_enriched.date <= cast(:until as date) - 364)
    end as year_before
from chicago.crimes_enriched
where
    crimes_enriched.ward = cast(:ward as smallint)
    -- Before today's map the same number was another area.
    and cast(:since as date) >= chicago.ward_map_since('infinity')
    and crimes_enriched.date_of_occurrence >= cast(:since as date) - 364
    and crimes_enriched.date_of_occurrence < cast(:until as date) + 1
group by crimes_enriched.primary_type
having count(*) filter (where crimes_enriched.date >= cast(:since as date)) > 0
order by last_year desc, crimes_enriched.primary_type asc;
