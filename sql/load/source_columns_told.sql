-- Writes that an event told of columns.
-- Reads and writes: pipeline.source_columns. Run by: tasks/warehouse/source_columns.py. Parameters: dataset, names.

update pipeline.source_columns
set told_at = pipeline.moment()
where dataset = :dataset and column_name = any(cast(:names as text[])) and told_at is null;
