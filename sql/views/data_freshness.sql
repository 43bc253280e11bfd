-- One row: how new the record is, and whether a person should doubt that it is up to date.
-- Reads: chicago.crimes, pipeline.runs, pipeline.windows, pipeline.watermark, pipeline.audits,
-- pipeline.freshness_limit. Run by: tasks/warehouse/views.py.
--
-- A plain view, which reads with its owner's rights: analysts see how things stand and have no right on schema
-- pipeline. Its state is the ledger's (tasks/warehouse/ledger.py); it asks nobody but the database, so what the
-- source holds is what we last saw of it.

create view chicago.data_freshness as
with last_stamp as (
    -- A stamp after it is an error of the source, and says nothing of how new the record is.
    select now() + make_interval(secs => freshness_limit.stamp_margin_days * 86400) as moment
    from pipeline.freshness_limit
),

newest_crime as (
    -- Both from an index, whatever the size.
    select
        (select max(crimes.date_of_occurrence) from chicago.crimes) as newest_occurrence,
        (
            select max(crimes.updated_at)
            from chicago.crimes
            where crimes.updated_at <= (select last_stamp.moment from last_stamp)
        ) as newest_update
),

last_run as (
    select
        runs.started_at,
        runs.status
    from pipeline.runs
    -- A run that found another one at work did nothing.
    where runs.status <> 'skipped'
    order by runs.started_at desc
    limit 1
),

last_whole_run as (
    select
        runs.run_id,
        runs.windows_done_at is null as is_unfinished
    from pipeline.runs
    where runs.planned_at is not null and runs.kind in ('backfill', 'resume', 'reconcile')
    order by runs.planned_at desc
    limit 1
),

open_windows as (
    select count(*) as window_count
    from pipeline.windows
    -- Inner: only the windows that the next run has to resume.
    inner join last_whole_run on windows.run_id = last_whole_run.run_id and last_whole_run.is_unfinished
    where windows.round = 0 and windows.status <> 'done'
),

last_audit as (
    select
        audits.checked_at,
        audits.equal,
        audits.unexplained_rows,
        case
            when audits.source_newest_update <= (select last_stamp.moment from last_stamp)
                then audits.source_newest_update
        end as source_newest_update
    from pipeline.audits
    -- A run over a range says nothing of the whole.
    where audits.span is null or upper_inf(audits.span)
    order by audits.audit_id desc
    limit 1
),

last_equal as (
    select max(audits.checked_at) as checked_at
    from pipeline.audits
    -- A run over a range proves its own days only.
    where audits.equal and (audits.span is null or upper_inf(audits.span))
),

facts as (
    select
        newest_crime.newest_occurrence,
        newest_crime.newest_update,
        coalesce(last_audit.source_newest_update, newest_crime.newest_update) as source_loaded_at,
        last_run.started_at as last_run_at,
        last_run.status as last_run_status,
        last_audit.checked_at as last_audit_at,
        coalesce(last_audit.equal, false) as is_equal,
        coalesce(last_audit.unexplained_rows, 0) as unexplained_rows,
        last_equal.checked_at as last_equal_at,
        case
            when last_whole_run.is_unfinished then 'unfinished'
            when watermark.dataset is null then 'empty'
            else 'current'
        end as load_state,
        open_windows.window_count as unfinished_windows,
        freshness_limit.freshness_days,
        make_interval(secs => freshness_limit.freshness_days * 86400) as longest_age
    from newest_crime
    -- One row each, or none where nothing has happened yet: left, so that the row stays.
    cross join open_windows
    cross join last_equal
    left join pipeline.freshness_limit on true
    left join pipeline.watermark on true
    left join last_run on true
    left join last_whole_run on true
    left join last_audit on true
),

judged as (
    select
        facts.newest_occurrence,
        facts.newest_update,
        facts.source_loaded_at,
        facts.last_run_at,
        facts.last_run_status,
        facts.last_equal_at,
        facts.load_state,
        facts.unfinished_windows,
        facts.freshness_days,
        case
            when facts.load_state <> 'current' then 'the load is ' || facts.load_state
            when facts.last_equal_at is null then 'never proven equal'
            when not facts.is_equal and facts.unexplained_rows > 0
                then 'rows have left the source that are too young to have aged out'
            when not facts.is_equal then 'the last audit found rows that differ'
            when now() - facts.last_audit_at > facts.longest_age then 'we have not looked at the source'
            when now() - facts.source_loaded_at <= facts.longest_age then null
            -- The job runs daily, with half a day of grace: it would have seen what the City published since.
            when
                now() - facts.last_audit_at > interval '36 hours'
                and facts.last_audit_at - facts.source_loaded_at <= facts.longest_age
                then 'we have not looked at the source'
            else 'the City has not published'
        end as stale_because
    from facts
)

select
    judged.newest_occurrence,
    judged.newest_update,
    judged.source_loaded_at,
    judged.last_run_at,
    judged.last_run_status,
    judged.last_equal_at,
    judged.load_state,
    judged.unfinished_windows,
    judged.stale_because is not null as is_stale,
    judged.stale_because,
    judged.freshness_days,
    -- The City's clock, and a database's, may be some hours ahead: a stamp within that margin has no age yet.
    case
        when judged.source_loaded_at is not null
            then greatest(round(cast(extract(epoch from now() - judged.source_loaded_at) / 86400 as numeric), 1), 0)
    end as source_age_days
from judged;

comment on view chicago.data_freshness is
'One row: how new the record is, when it was last proven equal to the City''s, and whether it is stale.
Unit: instants, and days between them; newest_occurrence is Chicago wall clock.
Base: the ledger of runs, and audits of all that is held; an audit of a range of days is left out.
Period: the moment at which it is read.
Chance: nothing is compared.
Lateness: the newest crime is about eight days old when all is well.
Do not read a record that is not stale as complete: the newest three weeks still fill.';

comment on column chicago.data_freshness.newest_occurrence is
'Newest date_of_occurrence, Chicago wall clock. About eight days old when all is well. Null: no crime.';

comment on column chicago.data_freshness.newest_update is
'Newest updated_at of the rows of crimes, but for stamps beyond the database''s clock. Instant. Null: no crime has one.';

comment on column chicago.data_freshness.source_loaded_at is
'The source''s newest :updated_at when it was last audited: when the City last published. Instant. Null: unknown.';

comment on column chicago.data_freshness.last_run_at is
'When the newest run began that was not skipped. Instant. Null: none.';

comment on column chicago.data_freshness.last_run_status is
'running, done, failed, unequal, stopped or dead, of that run. Null: none.';

comment on column chicago.data_freshness.last_equal_at is
'When all that we hold was last proven equal to the source. Instant. Null: never.';

comment on column chicago.data_freshness.load_state is
'empty: never loaded whole; unfinished: a load of everything is under way or broke off; current.';

comment on column chicago.data_freshness.unfinished_windows is
'Windows of that load that are not done; 0 unless it is unfinished.';

comment on column chicago.data_freshness.is_stale is 'Whether the record may not be what the City publishes now.';

comment on column chicago.data_freshness.stale_because is
'Why it is stale: the first reason of several. Null: it is not.';

comment on column chicago.data_freshness.freshness_days is
'Days without news from the City from which the record is stale: FRESHNESS_DAYS of the last run.';

comment on column chicago.data_freshness.source_age_days is
'Days from source_loaded_at to now; 0 where its stamp lies ahead of the database''s clock. Null: unknown.';
