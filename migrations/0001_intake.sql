-- What arrives, and what must be done about it. A webhook is answered only after its delivery and its
-- job are committed together, so both tables live in the first migration.
--
-- Foreign JSON is kept as `json`, not `jsonb`: jsonb refuses the escape \u0000, which an attacker may
-- send, and rewrites numbers, which would break digests taken over the text.

create table deliveries (
    id text primary key check (length(id) between 1 and 64),
    event text not null,
    action text,
    installation_id bigint,
    repository text,
    payload json not null,
    received_at timestamptz not null default now(),
    handled_at timestamptz
);

create index deliveries_received on deliveries (received_at);

create table jobs (
    id bigint generated always as identity primary key,
    kind text not null,
    key text,
    payload json not null,
    state text not null default 'queued' check (state in ('queued', 'running', 'done', 'failed')),
    priority integer not null default 0,
    run_at timestamptz not null default now(),
    attempts integer not null default 0,
    max_attempts integer not null check (max_attempts > 0),
    lease_until timestamptz,
    locked_by text,
    last_error text,
    created_at timestamptz not null default now(),
    finished_at timestamptz,
    check ((state = 'running') = (locked_by is not null)),
    check ((state = 'running') = (lease_until is not null)),
    check ((state in ('done', 'failed')) = (finished_at is not null))
);

create unique index jobs_unfinished_key on jobs (kind, key) where finished_at is null and key is not null;
create index jobs_ready on jobs (priority desc, run_at, id) where finished_at is null;
create index jobs_finished on jobs (finished_at) where finished_at is not null;

-- A queued job wakes the workers when its transaction commits, whoever inserts it.
create function wake_workers() returns trigger language plpgsql as $$
begin
    perform pg_notify('lockgate_jobs', '');
    return null;
end
$$;

create trigger jobs_wake after insert on jobs for each statement execute function wake_workers();

-- A proof is worth nothing if the server that wrote it can change it afterwards.
create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
end
$$;

grant usage on schema public to lockgate_runtime;
grant select, insert on deliveries to lockgate_runtime;
grant update (handled_at) on deliveries to lockgate_runtime;
grant select, insert, update, delete on jobs to lockgate_runtime;
