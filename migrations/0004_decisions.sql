-- Decisions, chained by hash, with what a replay needs: the question as policy saw it, and the policy.

create table policies (
    digest text primary key,
    files json not null,
    first_used_at timestamptz not null default now()
);

create table decisions (
    sequence bigint primary key check (sequence > 0),
    id uuid not null unique,
    evaluation_id uuid not null unique references evaluations (id),
    repository text not null,
    head_sha text not null,
    outcome text not null check (outcome in ('allow', 'deny', 'incomplete')),
    policy_digest text not null references policies (digest),
    body json not null,
    decided_at timestamptz not null,
    hash text not null unique,
    previous text unique references decisions (hash),
    check ((sequence = 1) = (previous is null))
);

create index decisions_by_head on decisions (repository, head_sha, sequence desc);
create index decisions_by_time on decisions (decided_at);

-- `body`: the change, the time asked, and per release the ids of its evidence.
create table assessments (
    decision_id uuid primary key references decisions (id),
    asked_at timestamptz not null,
    body json not null
);

create trigger decisions_append_only before update or delete or truncate on decisions
    for each statement execute function refuse_change();
create trigger assessments_append_only before update or delete or truncate on assessments
    for each statement execute function refuse_change();
create trigger evidence_append_only before update or delete or truncate on evidence
    for each statement execute function refuse_change();
create trigger policies_append_only before update or delete or truncate on policies
    for each statement execute function refuse_change();

grant select, insert on policies, decisions, assessments to lockgate_runtime;
