-- Who asked, where the repository lives by now, and the one check run that each head commit gets.
--
-- Expands only: a server of the version before may go on writing while this one starts. Rows that it
-- writes have no `repository_id`; they are adopted when their job is next performed, or by the sweep.

create table installations (
    id bigint primary key,
    account text not null,
    state text not null default 'active' check (state in ('active', 'suspended', 'removed')),
    reconciled_at timestamptz,
    updated_at timestamptz not null default now()
);

-- `id` is GitHub's and survives a rename or a transfer. A negative one stands for a repository of which
-- only the name is known.
create table repositories (
    id bigint primary key,
    full_name text not null,
    clone_url text not null,
    installation_id bigint,
    state text not null default 'active' check (state in ('active', 'removed')),
    updated_at timestamptz not null default now()
);

create index repositories_by_name on repositories (full_name);
create index repositories_by_installation on repositories (installation_id) where state = 'active';
create sequence unknown_repositories increment by -1 start with -1;

-- `wanted` counts what there was to show, `shown` what GitHub has been told; the job `publish` closes the gap.
create table check_runs (
    id uuid primary key,
    repository_id bigint not null references repositories (id),
    installation_id bigint,
    head_sha text not null,
    github_id bigint,
    wanted bigint not null default 1,
    shown bigint not null default 0,
    deadline_at timestamptz not null,
    concluded_at timestamptz,
    -- GitHub's word, or `abandoned`: nobody is left to tell.
    conclusion text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (repository_id, head_sha),
    check ((conclusion is null) = (concluded_at is null))
);

create index check_runs_open on check_runs (deadline_at) where concluded_at is null;
create index check_runs_behind on check_runs (updated_at) where shown < wanted;

-- `event_at`: when the pull request was in the state that the question is about, by GitHub's clock. `provisional`: what
-- is shown before the decision. `stopped`: superseded before it was decided.
alter table evaluations
    add column repository_id bigint references repositories (id),
    add column event_at timestamptz,
    add column provisional json,
    drop constraint evaluations_state_check,
    add constraint evaluations_state_check
        check (state in ('queued', 'collecting', 'deciding', 'publishing', 'done', 'stopped')),
    -- Two pull requests may have one head; each is a question of its own.
    drop constraint evaluations_repository_head_sha_base_sha_generation_key;

create unique index evaluations_question
    on evaluations (repository_id, head_sha, base_sha, coalesce(pull_request, 0), generation)
    where repository_id is not null;
create index evaluations_unfinished on evaluations (updated_at) where state not in ('done', 'stopped');
create index deliveries_unhandled on deliveries (received_at) where handled_at is null;

-- The version before handled a delivery in the transaction that accepted it.
update deliveries set handled_at = received_at where handled_at is null;

-- How far the App's delivery log has been compared with the deliveries that arrived.
create table delivery_log (
    singleton boolean primary key default true check (singleton),
    compared_until timestamptz not null
);

grant select, insert on installations, repositories, check_runs, delivery_log to lockgate_runtime;
grant update (account, state, reconciled_at, updated_at) on installations to lockgate_runtime;
grant update (full_name, clone_url, installation_id, state, updated_at) on repositories to lockgate_runtime;
grant update (installation_id, github_id, wanted, shown, deadline_at, concluded_at, conclusion, updated_at)
    on check_runs to lockgate_runtime;
grant update (compared_until) on delivery_log to lockgate_runtime;
grant update (repository_id, event_at, provisional, installation_id, source_url) on evaluations to lockgate_runtime;
grant usage on sequence unknown_repositories to lockgate_runtime;
