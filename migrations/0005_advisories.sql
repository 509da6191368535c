-- OSV records. Imports add and renew, and never delete: a truncated feed must not make a known
-- vulnerability vanish. A withdrawn record says so itself.

create table advisory_feeds (
    id bigint generated always as identity primary key,
    source text not null,
    digest text not null,
    records bigint not null,
    imported_at timestamptz not null default now()
);

create index advisory_feeds_latest on advisory_feeds (source, id desc);

create table advisories (
    id text primary key,
    modified timestamptz not null,
    withdrawn timestamptz,
    body json not null
);

-- `name` is in the ecosystem's normal form, `ecosystem` as OSV spells it.
create table advisory_packages (
    ecosystem text not null,
    name text not null,
    advisory_id text not null references advisories (id),
    primary key (ecosystem, name, advisory_id)
);

create index advisory_packages_by_advisory on advisory_packages (advisory_id);

grant select, insert on advisory_feeds to lockgate_runtime;
grant select, insert, update on advisories to lockgate_runtime;
grant select, insert, delete on advisory_packages to lockgate_runtime;
