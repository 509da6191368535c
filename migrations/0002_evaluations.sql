-- One evaluation per question: may this head, compared with this base, come in? `generation` counts
-- re-runs of the same question. Comparing with no commit is written as the all-zero id.

create table evaluations (
    id uuid primary key,
    repository text not null,
    installation_id bigint,
    base_sha text not null,
    head_sha text not null,
    base_ref text,
    pull_request bigint,
    source_url text not null,
    actor text not null,
    generation integer not null check (generation > 0),
    state text not null default 'queued' check (state in ('queued', 'collecting', 'deciding', 'publishing', 'done')),
    superseded boolean not null default false,
    change json,
    asked_at timestamptz,
    check_run_id bigint,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (repository, head_sha, base_sha, generation)
);

create index evaluations_by_pull_request on evaluations (repository, pull_request) where pull_request is not null;
create index evaluations_by_age on evaluations (created_at desc);

grant select, insert on evaluations to lockgate_runtime;
grant update (state, superseded, change, asked_at, check_run_id, updated_at) on evaluations to lockgate_runtime;
