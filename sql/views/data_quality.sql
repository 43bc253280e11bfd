-- One row is a check: how many rows it concerns, what share that is, and what it means for a number.
-- Reads: chicago.quality_counts, pipeline.rejected_rows, pipeline.audits. Run by: tasks/warehouse/views.py.
--
-- A plain view, which reads with its owner's rights: analysts see the checks and have no right on schema
-- pipeline.

create view chicago.data_quality as
with explained as (
    select
        explanations.check_name,
        explanations.explanation
    from (
        values
        ('crimes', 'All rows of crimes, of the rows that we hold: these and the rejected.'),
        ('beat not published', 'They are the row unknown of violent_crimes_by_beat.'),
        ('beat not in the list', 'A beat that is not on the City''s map, like O''Hare''s 1650. It has a row.'),
        ('district not published', 'They are the row with a null district: no beat, from which it follows.'),
        ('district not in the list', 'A district without a station, like 31. It has a row, named unknown.'),
        ('ward not published', 'They are the row unknown of ward_crimes_summary. Many in 2001 and 2002.'),
        ('ward not in the list', 'A number that is no ward. It has a row of its own, without an alderman.'),
        ('FBI code not published', 'Counted as neither violent nor of property.'),
        ('FBI code not in the list', 'A code newer than our list: counted as neither violent nor of property.'),
        ('IUCR code not in the list', 'A code newer than our list. The crime''s own description stands.'),
        ('no coordinates', 'On no map: the one row of crime_map_cells without a cell.'),
        (
            'time unknown (00:00)',
            'The City writes midnight where it does not know the time: left out of comparisons of hours.'
        ),
        (
            'date unknown (first of a month, 00:00)',
            'The City also writes the first of a month where it does not know the day: left out of comparisons of days.'
        ),
        (
            'time unknown (00:01)',
            'A minute past midnight is written for an unknown time too: columns without_placeholders leave it out.'
        ),
        ('date unknown (first of a month, 00:01)', 'As at 00:00: left out of comparisons of days.'),
        (
            'exactly noon (12:00)',
            'Some of these are of an unknown time, since the hours beside have far fewer. Which ones is not known.'
        )
    ) as explanations (check_name, explanation)
),

rejected as (
    select count(*) as row_count
    from pipeline.rejected_rows
),

-- A row that breaks several rules is counted by each.
reasons as (
    select
        broken.reason,
        count(*) as row_count
    from pipeline.rejected_rows
    -- A row is rejected for at least one reason.
    cross join unnest(rejected_rows.reasons) as broken (reason)
    group by broken.reason
),

held as (
    select quality_counts.crimes + rejected.row_count as row_count
    from chicago.quality_counts
    -- One row on the right.
    cross join rejected
    where quality_counts.check_name = 'crimes'
),

last_audit as (
    select
        audits.missing_rows + audits.surplus_rows + audits.outdated_rows as row_count,
        audits.source_rows,
        case when audits.equal then 'Equal' else 'NOT equal' end
        || case audits.proof
            when 'census' then ': every row id and version was compared, '
            when 'fingerprint' then ': sums of each month, and every row of the months that were due, were compared, '
            else ': the source is as it was when it was last proven equal, '
        end
        || to_char(audits.checked_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI')
        || ' UTC. Source ' || audits.source_rows || ' rows, here ' || audits.our_rows || '; missing '
        || audits.missing_rows || ', too many ' || audits.surplus_rows || ', in another version '
        || audits.outdated_rows || '.'
        || case
            when audits.outside_rows > 0
                then
                    ' ' || audits.outside_rows || ' rows here are outside of it: they occurred before '
                    || to_char(lower(audits.span), 'YYYY-MM-DD HH24:MI')
                    || ', where the source begins, and have aged out of it.'
            else ''
        end
        || case
            when audits.unexplained_rows > 0
                then ' ' || audits.unexplained_rows || ' of them are too young for that.'
            else ''
        end
        || case
            when upper_inf(audits.span) or audits.span is null then ''
            else
                ' Only of ' || to_char(lower(audits.span), 'YYYY-MM-DD') || ' to '
                || to_char(upper(audits.span), 'YYYY-MM-DD') || ' (excluded).'
        end as explanation
    from pipeline.audits
    order by audits.audit_id desc
    limit 1
),

checks as (
    select
        quality_counts.place,
        quality_counts.check_name,
        quality_counts.crimes as row_count,
        -- The crimes are a share of what we hold, and each check on them is one of the crimes.
        case when quality_counts.place = 1 then held.row_count else held.row_count - rejected.row_count end as base,
        explained.explanation
    from chicago.quality_counts
    -- One row each.
    cross join held
    cross join rejected
    -- Left, though each check is explained: none may be lost.
    left join explained on quality_counts.check_name = explained.check_name
    union all
    select
        20 as place,
        'rejected rows' as check_name,
        rejected.row_count,
        held.row_count as base,
        'Rows of the source that break our contract: held apart, and in no view. Of the rows that we hold.'
            as explanation
    from rejected
    -- One row on the right.
    cross join held
    union all
    select
        21 as place,
        'rejected: ' || reasons.reason as check_name,
        reasons.row_count,
        held.row_count as base,
        'Of them, those that break this rule. A row can break several.' as explanation
    from reasons
    -- One row on the right.
    cross join held
    union all
    select
        30 as place,
        'last audit' as check_name,
        last_audit.row_count,
        last_audit.source_rows as base,
        coalesce(last_audit.explanation, 'There was none yet: nothing is proven.') as explanation
    -- Left: without an audit, the row says so.
    from (select 1) as one (one)  -- noqa: ST11
    left join last_audit on true
)

select
    checks.check_name as "check",
    checks.row_count as count,
    case
        -- Nothing of nothing: an empty source that we are equal to.
        when checks.base = 0 and checks.row_count = 0 then 0
        else round(cast(checks.row_count as numeric) / nullif(checks.base, 0), 4)
    end as share,
    checks.explanation
from checks
order by checks.place asc, checks.row_count desc, checks.check_name asc;

comment on view chicago.data_quality is
'One row is a check on the record: rejected rows, unknown groups, points and times, and the last audit.
Unit: rows of crimes; of the rejected and the last audit, rows of the source.
Base: a share is of the rows of crimes; of crimes and the rejected, of all rows held; of the audit, of the source''s rows.
Period: all days held, complete or not; the last audit can be of a range of days, and says so.
Chance: nothing is compared.
Lateness: a point or code that the City adds later takes a row out of its check.
Do not add the checks up: a crime can be in several.';

comment on column chicago.data_quality."check" is 'Key. What was looked for.';

comment on column chicago.data_quality.count is
'Rows that it concerns. Of the last audit: rows that differ. Null: there was no audit.';

comment on column chicago.data_quality.share is
'Share of the rows of crimes, 0 to 1; of the crimes and the rejected, all rows held; of the audit, the source''s rows.';

comment on column chicago.data_quality.explanation is 'What it means for a number made from the record.';
