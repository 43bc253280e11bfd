-- Adds what changed to the counts by period, and takes out the groups that have no crime in any period any more.
-- Reads: period_changes. Writes: the tables of counts by period. Run by: tasks/warehouse/periods.py, after changes.sql.

insert into pipeline.place_period_counts (
    beat, district, ward, community_area, primary_type, fbi_code,
    last_year, last_year_arrests, last_year_domestic, year_before, year_before_arrests, year_before_domestic,
    year_to_date, year_to_date_arrests, year_to_date_domestic,
    year_to_date_before, year_to_date_before_arrests, year_to_date_before_domestic
)
select
    period_changes.beat,
    period_changes.district,
    period_changes.ward,
    period_changes.published_area as community_area,
    period_changes.primary_type,
    period_changes.fbi_code,
    sum(period_changes.last_year) as last_year,
    coalesce(sum(period_changes.last_year) filter (where period_changes.arrest), 0) as last_year_arrests,
    coalesce(sum(period_changes.last_year) filter (where period_changes.domestic), 0) as last_year_domestic,
    sum(period_changes.year_before) as year_before,
    coalesce(sum(period_changes.year_before) filter (where period_changes.arrest), 0) as year_before_arrests,
    coalesce(sum(period_changes.year_before) filter (where period_changes.domestic), 0) as year_before_domestic,
    sum(period_changes.year_to_date) as year_to_date,
    coalesce(sum(period_changes.year_to_date) filter (where period_changes.arrest), 0) as year_to_date_arrests,
    coalesce(sum(period_changes.year_to_date) filter (where period_changes.domestic), 0) as year_to_date_domestic,
    sum(period_changes.year_to_date_before) as year_to_date_before,
    coalesce(
        sum(period_changes.year_to_date_before) filter (where period_changes.arrest), 0
    ) as year_to_date_before_arrests,
    coalesce(
        sum(period_changes.year_to_date_before) filter (where period_changes.domestic), 0
    ) as year_to_date_before_domestic
from period_changes
group by
    period_changes.beat,
    period_changes.district,
    period_changes.ward,
    period_changes.published_area,
    period_changes.primary_type,
    period_changes.fbi_code
on conflict (beat, district, ward, community_area, primary_type, fbi_code) do update
    set
        last_year = place_period_counts.last_year + excluded.last_year,
        last_year_arrests = place_period_counts.last_year_arrests + excluded.last_year_arrests,
        last_year_domestic = place_period_counts.last_year_domestic + excluded.last_year_domestic,
        year_before = place_period_counts.year_before + excluded.year_before,
        year_before_arrests = place_period_counts.year_before_arrests + excluded.year_before_arrests,
        year_before_domestic = place_period_counts.year_before_domestic + excluded.year_before_domestic,
        year_to_date = place_period_counts.year_to_date + excluded.year_to_date,
        year_to_date_arrests = place_period_counts.year_to_date_arrests + excluded.year_to_date_arrests,
        year_to_date_domestic = place_period_counts.year_to_date_domestic + excluded.year_to_date_domestic,
        year_to_date_before = place_period_counts.year_to_date_before + excluded.year_to_date_before,
        year_to_date_before_arrests
        = place_period_counts.year_to_date_before_arrests + excluded.year_to_date_before_arrests,
        year_to_date_before_domestic
        = place_period_counts.year_to_date_before_domestic + excluded.year_to_date_before_domestic;

delete from pipeline.place_period_counts
where
    place_period_counts.last_year = 0
    and place_period_counts.year_before = 0
    and place_period_counts.year_to_date = 0
    and place_period_counts.year_to_date_before = 0;

insert into pipeline.cell_period_counts (
    cell_x, cell_y, primary_type, is_violent,
    last_year, year_before, year_to_date, year_to_date_before
)
select
    case when period_changes.has_point then period_changes.cell_x end as cell_x,
    case when period_changes.has_point then period_changes.cell_y end as cell_y,
    case when period_changes.has_point then period_changes.primary_type end as primary_type,
    case when period_changes.has_point then period_changes.is_violent end as is_violent,
    sum(period_changes.last_year) as last_year,
    sum(period_changes.year_before) as year_before,
    sum(period_changes.year_to_date) as year_to_date,
    sum(period_changes.year_to_date_before) as year_to_date_before
from period_changes
group by
    case when period_changes.has_point then period_changes.cell_x end,
    case when period_changes.has_point then period_changes.cell_y end,
    case when period_changes.has_point then period_changes.primary_type end,
    case when period_changes.has_point then period_changes.is_violent end
on conflict (cell_x, cell_y, primary_type, is_violent) do update
    set
        last_year = cell_period_counts.last_year + excluded.last_year,
        year_before = cell_period_counts.year_before + excluded.year_before,
        year_to_date = cell_period_counts.year_to_date + excluded.year_to_date,
        year_to_date_before = cell_period_counts.year_to_date_before + excluded.year_to_date_before;

delete from pipeline.cell_period_counts
where
    cell_period_counts.last_year = 0
    and cell_period_counts.year_before = 0
    and cell_period_counts.year_to_date = 0
    and cell_period_counts.year_to_date_before = 0;

insert into pipeline.community_area_period_counts (
    community_area, is_estimated, neighbouring_area, primary_type, fbi_code,
    last_year, last_year_arrests, last_year_domestic, year_before, year_before_arrests, year_before_domestic,
    year_to_date, year_to_date_arrests, year_to_date_domestic,
    year_to_date_before, year_to_date_before_arrests, year_to_date_before_domestic
)
select
    period_changes.community_area,
    period_changes.is_estimated,
    period_changes.neighbouring_area,
    period_changes.primary_type,
    period_changes.fbi_code,
    sum(period_changes.last_year) as last_year,
    coalesce(sum(period_changes.last_year) filter (where period_changes.arrest), 0) as last_year_arrests,
    coalesce(sum(period_changes.last_year) filter (where period_changes.domestic), 0) as last_year_domestic,
    sum(period_changes.year_before) as year_before,
    coalesce(sum(period_changes.year_before) filter (where period_changes.arrest), 0) as year_before_arrests,
    coalesce(sum(period_changes.year_before) filter (where period_changes.domestic), 0) as year_before_domestic,
    sum(period_changes.year_to_date) as year_to_date,
    coalesce(sum(period_changes.year_to_date) filter (where period_changes.arrest), 0) as year_to_date_arrests,
    coalesce(sum(period_changes.year_to_date) filter (where period_changes.domestic), 0) as year_to_date_domestic,
    sum(period_changes.year_to_date_before) as year_to_date_before,
    coalesce(
        sum(period_changes.year_to_date_before) filter (where period_changes.arrest), 0
    ) as year_to_date_before_arrests,
    coalesce(
        sum(period_changes.year_to_date_before) filter (where period_changes.domestic), 0
    ) as year_to_date_before_domestic
from period_changes
group by
    period_changes.community_area,
    period_changes.is_estimated,
    period_changes.neighbouring_area,
    period_changes.primary_type,
    period_changes.fbi_code
on conflict (community_area, is_estimated, neighbouring_area, primary_type, fbi_code) do update
    set
        last_year = community_area_period_counts.last_year + excluded.last_year,
        last_year_arrests = community_area_period_counts.last_year_arrests + excluded.last_year_arrests,
        last_year_domestic = community_area_period_counts.last_year_domestic + excluded.last_year_domestic,
        year_before = community_area_period_counts.year_before + excluded.year_before,
        year_before_arrests = community_area_period_counts.year_before_arrests + excluded.year_before_arrests,
        year_before_domestic = community_area_period_counts.year_before_domestic + excluded.year_before_domestic,
        year_to_date = community_area_period_counts.year_to_date + excluded.year_to_date,
        year_to_date_arrests = community_area_period_counts.year_to_date_arrests + excluded.year_to_date_arrests,
        year_to_date_domestic = community_area_period_counts.year_to_date_domestic + excluded.year_to_date_domestic,
        year_to_date_before = community_area_period_counts.year_to_date_before + excluded.year_to_date_before,
        year_to_date_before_arrests
        = community_area_period_counts.year_to_date_before_arrests + excluded.year_to_date_before_arrests,
        year_to_date_before_domestic
        = community_area_period_counts.year_to_date_before_domestic + excluded.year_to_date_before_domestic;

delete from pipeline.community_area_period_counts
where
    community_area_period_counts.last_year = 0
    and community_area_period_counts.year_before = 0
    and community_area_period_counts.year_to_date = 0
    and community_area_period_counts.year_to_date_before = 0;
