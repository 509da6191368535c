-- Claiming a job sorted the whole queue, and took tens of milliseconds once 10,000 jobs waited: the order by priority was
-- one of all kinds, and no worker takes all kinds. A kind's jobs now lie by themselves, the longest due first, and a
-- worker asks its kinds in the order in which it wants them.
create index jobs_queued on jobs (kind, run_at, id) where state = 'queued';
create index jobs_running on jobs (lease_until) where state = 'running';
drop index jobs_ready;

comment on column jobs.priority is
    'No longer read; the version before still writes it while servers are exchanged one by one.';

-- A queue is a table of which everything changes: without these, a wave of jobs leaves more dead entries at the head of
-- the index than live ones until a fifth of the table, finished jobs and all, has changed.
alter table jobs set (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 2000
);
