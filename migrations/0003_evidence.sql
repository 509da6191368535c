-- What is true of releases. `key` names the question by content, `id` the answer: the same question may
-- be answered again after a failed attempt, and the failed attempt stays as the reason of an old decision.

create table evidence (
    id text primary key,
    key text not null,
    purl text not null,
    collector text not null,
    collector_version integer not null,
    status text not null check (status in ('observed', 'absent', 'unavailable')),
    body json not null,
    collected_at timestamptz not null
);

create index evidence_by_key on evidence (key, collected_at desc) where status <> 'unavailable';
create index evidence_by_purl on evidence (purl);

create table evaluation_evidence (
    evaluation_id uuid not null references evaluations (id),
    lockfile text not null,
    purl text not null,
    evidence_id text not null references evidence (id),
    primary key (evaluation_id, lockfile, purl, evidence_id)
);

-- The first bytes ever seen under a file name; a later artifact that differs was replaced after the fact.
create table first_seen (
    purl text not null,
    file text not null,
    algorithm text not null,
    digest text not null,
    first_seen_at timestamptz not null default now(),
    primary key (purl, file, algorithm)
);

-- Bytes that were fetched and matched the digest that the registry states: they need no second fetch.
create table known_artifacts (
    purl text not null,
    file text not null,
    stated_digest text not null,
    sha256 text not null,
    seen_at timestamptz not null default now(),
    primary key (purl, file, stated_digest)
);

grant select, insert on evidence, first_seen, known_artifacts to lockgate_runtime;
grant select, insert, delete on evaluation_evidence to lockgate_runtime;
