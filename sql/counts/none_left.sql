-- All crimes are counted: for whoever follows the crimes further in this transaction, none has changed since.
-- Writes: changed_crimes. Run by: tasks/warehouse/counts.py, after everything.sql and what counts them.

drop view changed_crimes;

create temporary table changed_crimes (like pipeline.crime_changes) on commit drop;
