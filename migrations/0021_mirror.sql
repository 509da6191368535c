-- What the mirror holds, what was found when it was hashed again, and what the firewall answered. An object is its bytes and
-- named by their digest; which release's file it is stands apart, for two releases may ship the same bytes.

create table mirror_objects (
    sha256 text collate "C" primary key check (sha256 ~ '^sha256:[0-9a-f]{64}$'),
    size bigint not null check (size >= 0),
    kept_at timestamptz not null default now(),
    -- When its bytes were last found to be what its name says; null once they were found not to be and could not be restored.
    sound_at timestamptz default now()
);

create index mirror_objects_oldest on mirror_objects (sound_at);

create table mirror_artifacts (
    sha256 text collate "C" not null references mirror_objects (sha256),
    purl text not null,
    file text not null,
    -- By which word it passed: `decision:ID` or `firewall:ID`.
    passed_by text not null,
    kept_at timestamptz not null default now(),
    primary key (sha256, purl, file)
);

create index mirror_artifacts_by_release on mirror_artifacts (purl, file);

-- Passes over all that is kept, so that one that was interrupted goes on where it stopped.
create table mirror_passes (
    id bigint generated always as identity primary key,
    -- `standing`: the server's own, spread over its period; `command`: a person's, as fast as the limit lets it.
    kind text not null check (kind in ('standing', 'command')),
    started_at timestamptz not null default now(),
    finished_at timestamptz,
    -- Names up to this one are done.
    reached text collate "C" not null default '',
    objects bigint not null default 0,
    bytes bigint not null default 0,
    findings bigint not null default 0
);

create unique index mirror_passes_one_open on mirror_passes (kind) where finished_at is null;

create table mirror_findings (
    id bigint generated always as identity primary key,
    pass bigint references mirror_passes (id),
    -- Where the object lay.
    path text not null,
    damage text not null check (damage in ('altered', 'truncated', 'overlong', 'missing', 'extra')),
    -- `restored` from the registry; `quarantined` alone, or `lost` where there was nothing to move.
    became text not null check (became in ('restored', 'quarantined', 'lost')),
    detail text not null,
    found_at timestamptz not null default now()
);

-- A released file that is not what it was: with the decisions that relied on it when that was found.
create table incidents (
    id bigint generated always as identity primary key,
    purl text not null,
    file text not null,
    -- What was first seen, and what is served now; of the same algorithm.
    before text not null,
    after text not null,
    found_by text not null check (found_by in ('collection', 'mirror')),
    decisions uuid[] not null,
    found_at timestamptz not null default now(),
    unique (purl, file, before, after)
);

-- What the firewall answered about a file, by which policy and which advisories. The newest row of a file counts.
create table firewall_judgements (
    id uuid primary key,
    purl text not null,
    file text not null,
    -- Of the bytes; null where none could be read.
    sha256 text,
    outcome text not null check (outcome in ('allow', 'deny', 'incomplete')),
    policy_digest text not null references policies (digest),
    -- Digest of the advisories about the package; empty when no feed was imported.
    advisories text not null,
    evidence text[] not null,
    -- The decision, and its report as people read it.
    decision json not null,
    report text not null,
    judged_at timestamptz not null default now()
);

create index firewall_judgements_latest on firewall_judgements (file, judged_at desc);
create index firewall_judgements_by_bytes on firewall_judgements (sha256);

-- Which evidence looked at a digest: asked by `lockgate blast-radius`. The index keeps it; no row is written twice.
create function digests_looked_at(body json) returns text[]
    language sql immutable parallel safe set search_path = pg_catalog as
    $$ select coalesce(array_agg(digest), '{}') from json_array_elements_text(body -> 'inputs') as listed (digest) $$;
create index evidence_by_input on evidence using gin (digests_looked_at(body));
-- A decision relies on what its evidence looked at.
create function decisions_relying_on(of_digest text) returns setof uuid
    language sql stable parallel safe set search_path = public, pg_temp as
    $$ select distinct d.id from evidence e
       join evaluation_evidence l on l.evidence_id = e.id
       join decisions d on d.evaluation_id = l.evaluation_id
       where digests_looked_at(e.body) @> array[of_digest] $$;
create index known_artifacts_by_stated on known_artifacts (stated_digest);
create index known_artifacts_by_bytes on known_artifacts (sha256);

create trigger mirror_findings_append_only before update or delete or truncate on mirror_findings
    for each statement execute function refuse_change();
create trigger incidents_append_only before update or delete or truncate on incidents
    for each statement execute function refuse_change();
create trigger firewall_judgements_append_only before update or delete or truncate on firewall_judgements
    for each statement execute function refuse_change();

grant select, insert on mirror_objects, mirror_artifacts, mirror_findings, incidents, firewall_judgements to lockgate_runtime;
grant update (sound_at) on mirror_objects to lockgate_runtime;
grant select, insert on mirror_passes to lockgate_runtime;
grant update (finished_at, reached, objects, bytes, findings) on mirror_passes to lockgate_runtime;
