-- depends: 0016.nowcast
-- What chance does to a count, as plain functions: the server needs no extension. Formulas, sources and limits:
-- docs/methods.md. Held to 1e-4 against scipy by tests/integration/test_chance.py.
-- Run by: tasks/warehouse/migrations.py (yoyo), once, under the writer's lock.

create function chicago.normal_p_value(z double precision)
returns double precision
language sql
immutable
strict
parallel safe
as
$$
    -- Abramowitz and Stegun (1964), 26.2.17, twice. Beyond 37 PostgreSQL's exp would refuse to underflow.
    select
        least(1, 2 * 0.3989422804014327 * exp(-0.5 * power(least(abs(z), 37), 2)) * step.t * (
            0.319381530 + step.t * (
                -0.356563782 + step.t * (1.781477937 + step.t * (-1.821255978 + step.t * 1.330274429))
            )
        ))
    from (select 1 / (1 + 0.2316419 * least(abs(z), 37)) as t) as step
$$;

comment on function chicago.normal_p_value(double precision) is
'How often chance alone strays at least so many standard deviations, to either side; 0 to 1. Error below 2e-7.';

create function chicago.normal_cdf(z double precision)
returns double precision
language sql
immutable
strict
parallel safe
as
$$
    select case when z < 0 then 0.5 * chicago.normal_p_value(z) else 1 - 0.5 * chicago.normal_p_value(z) end
$$;

comment on function chicago.normal_cdf(double precision) is
'Share of a standard normal distribution at or below z, 0 to 1. Error below 1e-7.';

create function chicago.normal_quantile(share double precision)
returns double precision
language sql
immutable
strict
parallel safe
as
$$
    -- Acklam (2003): a rational function for the middle, one for the tails. Null unless 0 < share < 1.
    select
        case
            when share <= 0 or share >= 1 then null
            when share between 0.02425 and 0.97575
                then
                    (
                        ((((-39.69683028665376 * mid.r + 220.9460984245205) * mid.r - 275.9285104469687) * mid.r
                        + 138.3577518672690) * mid.r - 30.66479806614716) * mid.r + 2.506628277459239
                    ) * mid.q
                    / (
                        ((((-54.47609879822406 * mid.r + 161.5858368580409) * mid.r - 155.6989798598866) * mid.r
                        + 66.80131188771972) * mid.r - 13.28068155288572) * mid.r + 1
                    )
            else
                case when share < 0.5 then 1 else -1 end
                * (
                    ((((-0.007784894002430293 * tail.q - 0.3223964580411365) * tail.q - 2.400758277161838) * tail.q
                    - 2.549732539343734) * tail.q + 4.374664141464968) * tail.q + 2.938163982698783
                )
                / (
                    (((0.007784695709041462 * tail.q + 0.3224671290700398) * tail.q + 2.445134137142996) * tail.q
                    + 3.754408661907416) * tail.q + 1
                )
        end
    from (select share - 0.5 as q, power(share - 0.5, 2) as r) as mid
    cross join (
        select sqrt(-2 * ln(greatest(least(share, 1 - share), 1e-300))) as q
    ) as tail
$$;

comment on function chicago.normal_quantile(double precision) is
'The z below which this share of a standard normal distribution lies. Null unless 0 < share < 1. Error below 1e-8.';

create function chicago.t_to_z(t double precision, degrees_of_freedom double precision)
returns double precision
language sql
immutable
strict
parallel safe
as
$$
    -- Wallace (1959).
    select
        sign(t) * (8 * degrees_of_freedom + 1) / (8 * degrees_of_freedom + 3)
        * sqrt(degrees_of_freedom * ln(1 + t * t / degrees_of_freedom))
$$;

comment on function chicago.t_to_z(double precision, double precision) is
'The normal z that is as rare as Student''s t with these degrees of freedom. Its p-value errs by less than 1e-3 from 5.';

create function chicago.z_to_t(z double precision, degrees_of_freedom double precision)
returns double precision
language sql
immutable
strict
parallel safe
as
$$
    -- The inverse of t_to_z. With few degrees of freedom it grows beyond what a number can hold, so it is cut.
    select
        sign(z) * sqrt(
            degrees_of_freedom * (
                exp(least(
                    power(z * (8 * degrees_of_freedom + 3) / (8 * degrees_of_freedom + 1), 2) / degrees_of_freedom, 600
                )) - 1
            )
        )
$$;

comment on function chicago.z_to_t(double precision, double precision) is
'Student''s t that is as rare as the normal z: the inverse of t_to_z.';

create function chicago.rate_ratio_z(
    count_a double precision,
    count_b double precision,
    exposure_a double precision,
    exposure_b double precision,
    dispersion double precision
)
returns double precision
language sql
immutable
strict
parallel safe
as
$$
    -- The score test of equal rates, given the sum of both counts.
    select
        (count_a * exposure_b - count_b * exposure_a)
        / nullif(sqrt(dispersion * (count_a + count_b) * exposure_a * exposure_b), 0)
$$;

comment on function chicago.rate_ratio_z(
    double precision, double precision, double precision, double precision, double precision
) is
'Standard deviations by which two counts differ from equal rates; exposure: days, or what is expected. Null: both are 0.';

create function chicago.rate_ratio_bound(
    count_a double precision,
    count_b double precision,
    exposure_a double precision,
    exposure_b double precision,
    dispersion double precision,
    z double precision
)
returns double precision
language sql
immutable
strict
parallel safe
as
$$
    -- Wilson (1927) on the share of a in the sum, of so many effective counts, turned into a ratio of rates.
    select share.bound / nullif(1 - share.bound, 0) * exposure_b / exposure_a
    from (
        select
            case
                when z < 0 and count_a = 0 then 0
                when z > 0 and count_b = 0 then 1
                else (
                    count_a + 0.5 * z * z * dispersion
                    + z * sqrt(
                        dispersion * count_a * count_b / nullif(count_a + count_b, 0)
                        + 0.25 * power(z * dispersion, 2)
                    )
                ) / (count_a + count_b + z * z * dispersion)
            end as bound
    ) as share
$$;

comment on function chicago.rate_ratio_bound(
    double precision, double precision, double precision, double precision, double precision, double precision
) is
'Bound of rate a by rate b: lower for z < 0, upper for z > 0; excludes 1 just when rate_ratio_z exceeds z. Null: none.';

create function chicago.rank_from(
    own_count double precision, all_counts double precision[], dispersion double precision
)
returns integer
language sql
immutable
strict
parallel safe
as
$$
    -- Marginal confidence set of a rank (Mogstad, Romano, Shaikh and Wilhelm 2024), by Bonferroni over the others. The
    -- quantile is a query of its own, so that it is asked once, and not of each of the others.
    select cast(1 + count(*) as integer)
    from unnest(all_counts) as others (other_count)
    where
        others.other_count - own_count
        > (select chicago.normal_quantile(1 - 0.025 / greatest(cardinality(all_counts) - 1, 1)))
        * sqrt(dispersion * (others.other_count + own_count))
$$;

comment on function chicago.rank_from(double precision, double precision[], double precision) is
'Best rank, 1 the most, that chance leaves to a count among all counts (itself one of them), in 19 of 20 cases.';

create function chicago.rank_to(
    own_count double precision, all_counts double precision[], dispersion double precision
)
returns integer
language sql
immutable
strict
parallel safe
as
$$
    select cast(cardinality(all_counts) - count(*) as integer)
    from unnest(all_counts) as others (other_count)
    where
        own_count - others.other_count
        > (select chicago.normal_quantile(1 - 0.025 / greatest(cardinality(all_counts) - 1, 1)))
        * sqrt(dispersion * (others.other_count + own_count))
$$;

comment on function chicago.rank_to(double precision, double precision[], double precision) is
'Worst rank that chance leaves to a count among all counts: see rank_from. Two counts whose ranks overlap are tied.';
