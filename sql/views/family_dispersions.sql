-- One row is a family of counts that are looked at together (see weekly_counts), with how far its counts stray when
-- nothing happens but what always does. docs/methods.md says how and why.
-- Reads: chicago.weekly_counts. Run by: tasks/warehouse/views.py; refreshed when the data changed.
--
-- Noise: a week against the mean of the two before and the two after, whose variance by the mean is 1 for a Poisson
-- count. Drift: what two 28 days in a row differ by beyond that noise; its variance grows with the square of the count,
-- as seasons and habits make it. The newest four weeks, which are judged by this, have no part in it.
-- Year drift: what 28 days stray from the season beyond that noise, twice, since both ends of a year do. The season of
-- a member is a wave of 52 weeks, fitted to the 52 weeks before the newest four; it takes 3 of their 13 degrees of
-- freedom.

create materialized view chicago.family_dispersions as
with members as (
    select
        weekly_counts.family,
        weekly_counts.member
    from chicago.weekly_counts
    where weekly_counts.member is not null
    group by weekly_counts.family, weekly_counts.member
),

held_weeks as (
    select weekly_counts.weeks_before
    from chicago.weekly_counts
    where weekly_counts.family = 'city'
    group by weekly_counts.weeks_before
),

-- A week without a crime is a 0; one that we do not hold, a null.
weeks as (
    select
        members.family,
        members.member,
        numbers.weeks_before,
        case when held_weeks.weeks_before is not null then coalesce(weekly_counts.crimes, 0) end as crimes
    from members
    -- 52 rows on the right.
    cross join generate_series(4, 55) as numbers (weeks_before)
    -- Left: see above.
    left join held_weeks on numbers.weeks_before = held_weeks.weeks_before
    left join chicago.weekly_counts
        on
            members.family = weekly_counts.family
            and members.member = weekly_counts.member
            and numbers.weeks_before = weekly_counts.weeks_before
),

sums as (
    select
        weeks.family,
        weeks.member,
        weeks.crimes,
        -- Null where one of the weeks is not held, or lies outside.
        0.25 * (
            lag(weeks.crimes, 2) over newest_first + lag(weeks.crimes) over newest_first
            + lead(weeks.crimes) over newest_first + lead(weeks.crimes, 2) over newest_first
        ) as expected,
        weeks.crimes + lead(weeks.crimes) over newest_first
        + lead(weeks.crimes, 2) over newest_first + lead(weeks.crimes, 3) over newest_first as crimes_28,
        lead(weeks.crimes, 4) over newest_first + lead(weeks.crimes, 5) over newest_first
        + lead(weeks.crimes, 6) over newest_first + lead(weeks.crimes, 7) over newest_first as crimes_28_before
    from weeks
    window newest_first as (partition by weeks.family, weeks.member order by weeks.weeks_before)
),

member_noises as (
    select
        sums.family,
        sum(power(sums.crimes - sums.expected, 2)) / (1.25 * sum(sums.expected)) as noise
    from sums
    where sums.expected is not null
    group by sums.family, sums.member
    -- Members with next to nothing say nothing.
    having avg(sums.expected) >= 1
),

noises as (
    select
        member_noises.family,
        greatest(1, avg(member_noises.noise)) as noise
    from member_noises
    group by member_noises.family
),

drifts as (
    select
        sums.family,
        noises.noise,
        count(*) / count(distinct sums.member) as pairs,
        greatest(
            0,
            sum(
                power(sums.crimes_28 - sums.crimes_28_before, 2) / (sums.crimes_28 + sums.crimes_28_before)
                - noises.noise
            )
            / sum(0.25 * (sums.crimes_28 + sums.crimes_28_before))
        ) as drift
    from sums
    -- Inner: a family without a noise has nothing to be judged by.
    inner join noises on sums.family = noises.family
    where sums.crimes_28 + sums.crimes_28_before > 0
    group by sums.family, noises.noise
),

-- Sine and cosine of a whole year are orthogonal to each other and to the mean.
seasons as (
    select
        weeks.family,
        weeks.member,
        avg(weeks.crimes) as mean,
        sum(weeks.crimes * cos(2 * pi() * weeks.weeks_before / 52)) / 26 as cosine,
        sum(weeks.crimes * sin(2 * pi() * weeks.weeks_before / 52)) / 26 as sine
    from weeks
    group by weeks.family, weeks.member
    having count(weeks.crimes) = 52
),

fitted as (
    select
        weeks.family,
        weeks.member,
        weeks.weeks_before,
        weeks.crimes,
        seasons.mean
        + seasons.cosine * cos(2 * pi() * weeks.weeks_before / 52)
        + seasons.sine * sin(2 * pi() * weeks.weeks_before / 52) as expected
    from weeks
    -- Inner: with a week missing there is no season, and nothing a year before.
    inner join seasons
        on
            weeks.family = seasons.family
            and weeks.member = seasons.member
),

season_sums as (
    select
        fitted.family,
        sum(fitted.crimes) over four_weeks as crimes_28,
        sum(fitted.expected) over four_weeks as expected_28,
        count(*) over four_weeks as weeks
    from fitted
    window
        four_weeks as (
            partition by fitted.family, fitted.member
            order by fitted.weeks_before
            rows between current row and 3 following
        )
),

year_drifts as (
    select
        season_sums.family,
        -- A slow drift loses half to the wave, and not 3 of 13: what is left of it is taken one and a half times.
        2 * 1.5 * greatest(
            0,
            sum(
                13.0 / 10 * power(season_sums.crimes_28 - season_sums.expected_28, 2) / season_sums.expected_28
                - noises.noise
            )
            / sum(season_sums.expected_28)
        ) as drift
    from season_sums
    -- Inner: as above.
    inner join noises on season_sums.family = noises.family
    where season_sums.weeks = 4 and season_sums.expected_28 >= 1
    group by season_sums.family
)

select
    drifts.family,
    cast(drifts.pairs as integer) as pairs,
    cast(drifts.noise as double precision) as noise,
    cast(sqrt(drifts.drift) as double precision) as drift,
    -- Four that overlap say as much as one.
    cast(0.25 * drifts.pairs as double precision) as degrees_of_freedom,
    cast(sqrt(year_drifts.drift) as double precision) as year_drift
from drifts
-- Left: a year need not be held.
left join year_drifts on drifts.family = year_drifts.family
-- Half a year at least, without the newest 28 days: before, what is usual is not known.
where drifts.pairs >= 15;

create unique index family_dispersions_key on chicago.family_dispersions (family);

comment on materialized view chicago.family_dispersions is
'One row is a family of counts (see weekly_counts), and how far they stray when nothing happens but what always does.
Base of recent_changes, of the ranges of months and quotients, and of the ranks that chance leaves.
Unit: ratios and shares, made of counts of rows of crimes by week.
Period: the 52 weeks before the newest four, of which 22 have to be held; year_drift needs all.';

comment on column chicago.family_dispersions.family is 'Key. As in weekly_counts. No row: fewer than 26 weeks are held.';

comment on column chicago.family_dispersions.pairs is
'Pairs of 28 days in a row that the drift is of, a week apart, without the newest 28 days.';

comment on column chicago.family_dispersions.noise is
'Variance by mean of a week''s count around the weeks beside it, the mean of the members; at least 1, which is Poisson.';

comment on column chicago.family_dispersions.drift is
'Standard deviation of the change between two 28 days in a row beyond that noise, 0.05 for 5 percent: seasons and habits.';

comment on column chicago.family_dispersions.degrees_of_freedom is 'Of drift: a quarter of pairs, since they overlap.';

comment on column chicago.family_dispersions.year_drift is
'As drift, of the change from 28 days to those a year later: how far 28 days stray from their season, at both ends; with '
'10 degrees of freedom. Null: the 56 weeks are not all held.';
