-- Sets for this transaction: how long it waits for a lock, how much memory a statement has, and that nothing is
-- compiled.
-- Reads: nothing. Writes: the session's settings. Run by: tasks/warehouse/ddl.py.
-- Parameters: lock_timeout (null: it stays), work_mem.

select
    set_config('lock_timeout', coalesce(:lock_timeout, current_setting('lock_timeout')), true) as lock_timeout,
    set_config('work_mem', :work_mem, true) as work_mem,
    set_config('jit', 'off', true) as jit;
