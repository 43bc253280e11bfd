-- One row is a part of the city (see weekly_counts) and what its newest 28 complete days are compared with (previous:
-- the 28 days before; last_year: the 28 days 364 days before, of the same weekdays), with what chance allows.
-- Reads: chicago.weekly_counts, chicago.family_dispersions, chicago.daily_crimes, chicago.published_shares.
-- Run by: tasks/warehouse/views.py; refreshed when the data changed.
--
-- The score test of equal rates given both counts, and the interval that it leaves (Wilson). The dispersion is the
-- family's noise, and its drift by the size of the counts; few pairs make the interval wider (Student's t). A
-- comparison needs an expected count of 5 on either side. q is by Benjamini and Hochberg over the family.
-- docs/methods.md.
--
-- The newest days still gain rows: each count is divided by its published share, as an exposure (docs/nowcast.md), and
-- what is not known of the shares widens the interval as a drift does. Where a share is withheld, nothing is compared.
-- Arrests come later than their crimes, by another clock that is not known: they are not compared.

create materialized view chicago.recent_changes as
with periods as (
    select
        compared.compared_with,
        compared.first_week
    from (values ('previous', 4), ('last_year', 52)) as compared (compared_with, first_week)
    -- All eight weeks are held.
    where (
        select count(distinct weekly_counts.weeks_before)
        from chicago.weekly_counts
        where
            weekly_counts.family = 'city'
            and (
                weekly_counts.weeks_before < 4
                or weekly_counts.weeks_before between compared.first_week and compared.first_week + 3
            )
    ) = 8
),

newest as (
    select max(daily_crimes.date) as last_date
    from chicago.daily_crimes
    where daily_crimes.is_complete
),

sums as (
    select
        weekly_counts.family,
        weekly_counts.member,
        periods.compared_with,
        coalesce(sum(weekly_counts.crimes) filter (where weekly_counts.weeks_before < 4), 0) as crimes,
        coalesce(sum(weekly_counts.crimes) filter (where weekly_counts.weeks_before >= 4), 0) as crimes_before
    from chicago.weekly_counts
    -- Inner: the weeks of these 28 days alone.
    inner join periods
        on
            weekly_counts.weeks_before < 4
            or weekly_counts.weeks_before between periods.first_week and periods.first_week + 3
    where weekly_counts.member is not null
    group by weekly_counts.family, weekly_counts.member, periods.compared_with
),

usual as (
    select
        family_dispersions.family,
        drifts.compared_with,
        family_dispersions.noise,
        drifts.drift,
        drifts.degrees_of_freedom
    from chicago.family_dispersions
    -- Two rows on the right.
    cross join
        lateral (
            values
            ('previous', family_dispersions.drift, family_dispersions.degrees_of_freedom),
            ('last_year', family_dispersions.year_drift, 10)
        ) as drifts (compared_with, drift, degrees_of_freedom)
),

-- By what is published of a place in 28 days, with the variance of its logarithm; a year later all is.
known_shares as (
    select
        published_shares.family,
        published_shares.place,
        published_shares.period,
        published_shares.published_share as share,
        published_shares.caution,
        power(
            (published_shares.high - published_shares.low)
            / (2 * chicago.normal_quantile(0.95) * nullif(published_shares.nowcast, 0)),
            2
        ) as variance
    from chicago.published_shares
),

lateness as (
    select
        newest.family,
        newest.place,
        compared.compared_with,
        newest.share,
        newest.caution,
        case compared.compared_with when 'previous' then earlier.share else 1 end as share_before,
        newest.variance + case compared.compared_with when 'previous' then earlier.variance else 0 end as variance
    from known_shares as newest
    -- Two rows on the right.
    cross join (values ('previous'), ('last_year')) as compared (compared_with)
    -- Left: the period before need not be held.
    left join known_shares as earlier
        on
            newest.family = earlier.family
            and newest.place = earlier.place
            and earlier.period = 'before_complete_28'
    where newest.period = 'complete_28'
),

published as (
    select
        sums.family,
        sums.member,
        sums.compared_with,
        sums.crimes,
        sums.crimes_before,
        lateness.caution,
        case
            when sums.family = 'city' and sums.member = 'arrests' then null
            -- Nothing is known against the record of who has no crime in these days.
            when lateness.family is null then 1
            else lateness.share
        end as share,
        case when lateness.family is null then 1 else lateness.share_before end as share_before,
        case when lateness.family is null then 0 else lateness.variance end as share_variance
    from sums
    -- Left: see above. An hour is published as the city is.
    left join lateness
        on
            case sums.family when 'hour' then 'city' when 'kind' then 'primary_type' else sums.family end
            = lateness.family
            and case sums.family when 'hour' then 'crimes' else sums.member end = lateness.place
            and sums.compared_with = lateness.compared_with
),

dispersions as (
    select
        sums.family,
        sums.member,
        sums.compared_with,
        sums.crimes,
        sums.crimes_before,
        sums.share,
        sums.share_before,
        sums.caution,
        usual.noise + 0.25 * (power(usual.drift, 2) + sums.share_variance) * (sums.crimes + sums.crimes_before)
            as dispersion,
        -- Satterthwaite: only the drift is known from few pairs.
        least(
            1e6,
            usual.degrees_of_freedom * power(
                1 + (4 * usual.noise / nullif(sums.crimes + sums.crimes_before, 0) + sums.share_variance)
                / nullif(power(usual.drift, 2), 0), 2
            )
        ) as degrees_of_freedom
    from published as sums
    -- Left: what is not compared has its row. Five are expected on either side where the sum is 10.
    left join usual
        on
            sums.family = usual.family
            and sums.compared_with = usual.compared_with
            and sums.crimes + sums.crimes_before >= 10
),

tests as (
    select
        dispersions.family,
        dispersions.member,
        dispersions.compared_with,
        dispersions.crimes,
        dispersions.crimes_before,
        dispersions.share,
        dispersions.share_before,
        dispersions.caution,
        dispersions.dispersion,
        chicago.z_to_t(
            chicago.normal_quantile(0.975),
            -- No drift, no need of t.
            case when dispersions.dispersion is not null then coalesce(dispersions.degrees_of_freedom, 1e6) end
        ) as t,
        chicago.normal_p_value(
            chicago.t_to_z(
                chicago.rate_ratio_z(
                    dispersions.crimes, dispersions.crimes_before, dispersions.share, dispersions.share_before,
                    dispersions.dispersion
                ),
                coalesce(dispersions.degrees_of_freedom, 1e6)
            )
        ) as p_value
    from dispersions
),

ranked as (
    select
        tests.family,
        tests.member,
        tests.compared_with,
        tests.crimes,
        tests.crimes_before,
        tests.share,
        tests.share_before,
        tests.caution,
        tests.dispersion,
        tests.p_value,
        chicago.rate_ratio_bound(
            tests.crimes, tests.crimes_before, tests.share, tests.share_before, tests.dispersion, -tests.t
        ) as ratio_low,
        chicago.rate_ratio_bound(
            tests.crimes, tests.crimes_before, tests.share, tests.share_before, tests.dispersion, tests.t
        ) as ratio_high,
        tests.p_value * count(tests.p_value) over (partition by tests.family, tests.compared_with)
        / row_number() over (
            partition by tests.family, tests.compared_with
            order by tests.p_value asc nulls last, tests.member asc
        ) as step
    from tests
),

corrected as (
    select
        ranked.family,
        ranked.member,
        ranked.compared_with,
        ranked.crimes,
        ranked.crimes_before,
        ranked.share,
        ranked.share_before,
        ranked.caution,
        ranked.dispersion,
        ranked.p_value,
        ranked.ratio_low,
        ranked.ratio_high,
        case
            when ranked.p_value is not null
                then min(ranked.step) over (
                    partition by ranked.family, ranked.compared_with
                    order by ranked.p_value desc nulls first, ranked.member desc
                    rows unbounded preceding
                )
        end as q_value
    from ranked
)

select
    corrected.family,
    corrected.member,
    corrected.compared_with,
    newest.last_date - 27 as first_date,
    newest.last_date,
    cast(corrected.crimes as bigint) as crimes,
    cast(corrected.crimes_before as bigint) as crimes_before,
    round(100 * (corrected.crimes / nullif(corrected.crimes_before, 0) - 1), 2) as change_pct,
    round(cast(100 * (corrected.ratio_low - 1) as numeric), 2) as change_low_pct,
    round(cast(100 * (corrected.ratio_high - 1) as numeric), 2) as change_high_pct,
    round(cast(corrected.p_value as numeric), 4) as p_value,
    round(cast(corrected.q_value as numeric), 4) as q_value,
    corrected.q_value < 0.05 as is_unusual,
    round(cast(corrected.dispersion as numeric), 3) as dispersion,
    round(
        cast(
            100 * (
                corrected.crimes / nullif(corrected.crimes_before, 0) * corrected.share_before / corrected.share - 1
            ) as numeric
        ), 2
    ) as corrected_change_pct,
    round(cast(corrected.share as numeric), 4) as published_share,
    corrected.caution
from corrected
-- One row on the right.
cross join newest;

create unique index recent_changes_key on chicago.recent_changes (family, member, compared_with);

comment on materialized view chicago.recent_changes is
'One row is a part of the city and a period before: its newest 28 complete days against that, and what chance allows.
Unit: rows of crimes: an incident is one, and so is each victim of a homicide. Hours: those at a known time (00:01 is in hour 0).
Definition: violent and property are summary UCR''s index by FBI code, not NIBRS''s offences.
Base: a change is in percent of the 28 days compared with.
Period: 28 days in a row, against the 28 before, or those 364 days earlier.
Chance: the ranges (19 of 20) allow for it and the usual drift; is_unusual is by false-discovery rate: of 20 looks at a family in which nothing happens, about one names something.
Lateness: change_pct is as held, about 1 % low; corrected_change_pct, the range and is_unusual allow for that. Withheld where caution says why. Arrests are not compared.
Do not read an unusual change as explained, or another one as "the same".';

comment on column chicago.recent_changes.family is
'Key. What is compared with each other: city (its five counts), district, ward, beat, kind, hour of the day.';

comment on column chicago.recent_changes.member is
'Key. Which of them: crimes, violent and so on for city; the number of a district, ward or hour; a beat; a kind.';

comment on column chicago.recent_changes.compared_with is
'Key. previous: the 28 days before. last_year: the 28 days 364 days before. No row where we do not hold both whole.';

comment on column chicago.recent_changes.first_date is 'First of the newest 28 complete days.';

comment on column chicago.recent_changes.last_date is 'Last of them: the newest complete day.';

comment on column chicago.recent_changes.crimes is 'Crimes of the newest 28 complete days.';

comment on column chicago.recent_changes.crimes_before is 'Crimes of the 28 days that they are compared with.';

comment on column chicago.recent_changes.change_pct is
'crimes less crimes_before in percent of it, as they are held. Null: there were none. Reads low: the newest days still gain rows; see corrected_change_pct.';

comment on column chicago.recent_changes.change_low_pct is
'Lower end of the range that chance leaves for corrected_change_pct, 19 of 20. Null: too few crimes, or too few weeks; withheld (caution); arrests.';

comment on column chicago.recent_changes.change_high_pct is
'Upper end of that range. Null: too few crimes, or too few weeks; or there were none before.';

comment on column chicago.recent_changes.p_value is
'How often chance alone gives at least such a change, 0 to 1, of this member by itself. Null as change_low_pct.';

comment on column chicago.recent_changes.q_value is
'False-discovery rate over the family: the share of chance among those that stand out no less. Null as change_low_pct.';

comment on column chicago.recent_changes.is_unusual is
'Whether q_value is below 0.05: more than chance and the usual drift explain. Null as change_low_pct.';

comment on column chicago.recent_changes.dispersion is
'How many times the variance of a Poisson count is allowed for: the family''s noise, and its drift by the count.';

comment on column chicago.recent_changes.corrected_change_pct is
'The change of what both periods will come to, by their published shares. Null: there were none before; withheld, see caution; arrests, whose lateness is not known.';

comment on column chicago.recent_changes.published_share is
'crimes by what will be held of them in 45 days (of an hour: as in the city), by which they are divided. Null: withheld.';

comment on column chicago.recent_changes.caution is
'Why nothing is said, or with less certainty: late arrivals are not as they were. Null: nothing is known against it.';
