-- One row is what came and went of a date, a kind (and a district) with the loads of a day: first-seen times.
-- A crime's version that is replaced goes as the next one comes, of the same case and with the same run; a change that
-- leaves date and kind as they are is therefore no arrival. That follows history along replaced_by, and adds up to
-- chicago.crimes_as_of. What came with our first load of a date is in here too, with its day; who learns knows that it
-- was not seen to arrive.
-- A version belongs to the source's load that the first equal proof after it was of; without one, to its own date.
-- Reads: chicago.crimes, chicago.crime_history, pipeline.primary_type_spellings, pipeline.audits, pipeline.runs.
-- Writes: nothing. Run by: tasks/warehouse/nowcast.py. Parameters: first_date, end_date, by_district.

with loads as (
    select
        audits.checked_at,
        cast(chicago.wall_clock(audits.source_newest_update) as date) as load_date
    from pipeline.audits
    inner join pipeline.runs on audits.run_id = runs.run_id
    -- A run of a range has looked at its own days only.
    where audits.equal and audits.source_newest_update is not null and runs.kind not in ('range', 'replay')
),

past as materialized (
    select
        history.case_number,
        cast(history.date_of_occurrence as date) as date,
        history.primary_description,
        history.district,
        history.loaded_at,
        history.retired_at
    from chicago.crime_history as history
    where
        history.date_of_occurrence >= cast(:first_date as date)
        and history.date_of_occurrence < cast(:end_date as date)
),

past_cases as (
    select distinct past.case_number
    from past
),

present as (
    select
        -- Null: a case without history, which has nothing to be replaced; all such cases are told together.
        past_cases.case_number,
        cast(crimes.date_of_occurrence as date) as date,
        crimes.primary_description,
        crimes.district,
        crimes.loaded_at
    from chicago.crimes
    -- Left: most cases have no history.
    left join past_cases on crimes.case_number = past_cases.case_number
    where
        crimes.date_of_occurrence >= cast(:first_date as date)
        and crimes.date_of_occurrence < cast(:end_date as date)
),

versions as (
    select
        present.case_number,
        present.date,
        present.primary_description,
        present.district,
        present.loaded_at as moment,
        count(*) as came
    from present
    group by present.case_number, present.date, present.primary_description, present.district, present.loaded_at
    union all
    select
        past.case_number,
        past.date,
        past.primary_description,
        past.district,
        ends.moment,
        ends.came
    from past
    -- Two rows on the right: it came, and it went.
    cross join lateral (values (past.loaded_at, 1), (past.retired_at, -1)) as ends (moment, came)
),

-- A moment is that of a transaction: there are few.
moments as materialized (
    select
        distinct_moments.moment,
        coalesce(
            (
                select loads.load_date
                from loads
                where loads.checked_at >= distinct_moments.moment
                order by loads.checked_at
                limit 1
            ),
            cast(chicago.wall_clock(distinct_moments.moment) as date)
        ) as observed
    from (select distinct versions.moment from versions) as distinct_moments
),

netted as (
    select
        versions.date,
        coalesce(primary_type_spellings.primary_type, versions.primary_description) as kind,
        case when cast(:by_district as boolean) then versions.district end as district,
        moments.observed,
        sum(versions.came) as net
    from versions
    -- Every moment is in moments.
    inner join moments on versions.moment = moments.moment
    -- Left: most kinds have one spelling.
    left join pipeline.primary_type_spellings on versions.primary_description = primary_type_spellings.published
    group by
        versions.case_number, versions.date, kind, case when cast(:by_district as boolean) then versions.district end,
        moments.observed
)

select
    netted.date,
    netted.kind,
    netted.district,
    netted.observed,
    cast(sum(greatest(netted.net, 0)) as bigint) as gains,
    cast(sum(greatest(-netted.net, 0)) as bigint) as losses
from netted
where netted.net <> 0
group by netted.date, netted.kind, netted.district, netted.observed;
