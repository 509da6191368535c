-- Who may ask: tokens of machines and sessions of people. Only digests are kept: a copy of this database opens no door.

create table tokens (
    id uuid primary key,
    name text not null check (length(name) between 1 and 100),
    role text not null check (role in ('viewer', 'reviewer', 'auditor', 'admin', 'monitor')),
    -- Null: every installation.
    installations bigint[],
    hash bytea not null unique check (length(hash) = 32),
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    last_used_at timestamptz,
    revoked_at timestamptz,
    check (expires_at <= created_at + interval '366 days')
);

create unique index tokens_live_name on tokens (name) where revoked_at is null;

-- `groups` as the provider named them at sign-in: what they are worth is looked up at each request. A session that
-- was opened with a machine token is worth what the token is, and ends with it.
create table sessions (
    hash bytea primary key check (length(hash) = 32),
    subject text not null,
    name text not null,
    groups text[] not null default '{}',
    token_id uuid references tokens (id),
    created_at timestamptz not null default now(),
    used_at timestamptz not null default now(),
    expires_at timestamptz not null
);

create index sessions_by_expiry on sessions (expires_at);

-- A sign-in that succeeded once must not succeed again.
create table used_logins (
    hash bytea primary key check (length(hash) = 32),
    used_at timestamptz not null default now()
);

create index used_logins_by_time on used_logins (used_at);

grant select, insert on tokens to lockgate_runtime;
grant update (last_used_at, revoked_at) on tokens to lockgate_runtime;
grant select, insert, delete on sessions to lockgate_runtime;
grant update (used_at) on sessions to lockgate_runtime;
grant select, insert, delete on used_logins to lockgate_runtime;
