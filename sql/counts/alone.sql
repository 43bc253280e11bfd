-- Waits until whoever is changing crimes has committed, and keeps others from it to the end of the transaction: a
-- change is counted wholly now, or wholly the next time. Readers go on.
-- Locks: pipeline.counts_state. Run by: tasks/warehouse/counts.py, first.

lock table pipeline.counts_state in exclusive mode;
