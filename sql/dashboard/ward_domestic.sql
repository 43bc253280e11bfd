-- One row is a time of day in the ward asked for: its domestic crimes of the last year.
-- Reads: chicago.domestic_violence_by_ward_and_time. Run by: dashboard/site/wards.py. Parameters: ward.

select
    domestic_violence_by_ward_and_time.time_of_day,
    cast(sum(domestic_violence_by_ward_and_time.domestic_crimes) as bigint) as domestic,
    cast(sum(domestic_violence_by_ward_and_time.domestic_violence) as bigint) as domestic_violence
from chicago.domestic_violence_by_ward_and_time
where
    domestic_violence_by_ward_and_time.ward = cast(:ward as smallint)
    and domestic_violence_by_ward_and_time.is_of_todays_map
group by domestic_violence_by_ward_and_time.time_of_day
order by
    array_position(
        array['night', 'morning', 'afternoon', 'evening', 'unknown'], domestic_violence_by_ward_and_time.time_of_day
    );
