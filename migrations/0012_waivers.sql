-- Exceptions that somebody asked for and somebody answered, each with its reason, its end and both names. None lives for
-- ever: what is granted ends after at most 90 days.

create table waivers (
    id uuid primary key,
    installation_id bigint not null,
    repository_id bigint not null,
    -- Its name when the waiver was asked for.
    repository text not null,
    purl text not null check (length(purl) between 1 and 1000),
    -- The reason of the decision that is waived, such as `license/denied`.
    code text not null check (length(code) between 1 and 200),
    reason text not null check (length(reason) between 1 and 2000),
    requested_by text not null,
    requested_at timestamptz not null default now(),
    state text not null default 'requested' check (state in ('requested', 'granted', 'refused', 'expired')),
    decided_by text,
    decided_at timestamptz,
    decided_reason text check (length(decided_reason) between 1 and 2000),
    expires_at timestamptz,
    check ((state = 'requested') = (decided_at is null)),
    check ((decided_at is null) = (decided_by is null) and (decided_at is null) = (decided_reason is null)),
    check (state not in ('granted', 'expired') or expires_at is not null),
    check (expires_at is null or (expires_at > decided_at and expires_at <= decided_at + interval '90 days'))
);

create unique index waivers_open on waivers (repository_id, purl, code) where state = 'requested';
create index waivers_granted on waivers (repository_id, expires_at) where state = 'granted';
create index waivers_by_age on waivers (requested_at desc);

-- What was answered stays answered; what was granted may end early, and never comes back.
create function waiver_moves_on() returns trigger language plpgsql as $$
begin
    if (old.state, new.state) not in
        (('requested', 'granted'), ('requested', 'refused'), ('granted', 'refused'), ('granted', 'expired')) then
        raise exception 'a waiver that is % cannot become %', old.state, new.state using errcode = 'restrict_violation';
    end if;
    return new;
end
$$;

create trigger waivers_move_on before update on waivers for each row execute function waiver_moves_on();

alter table waivers enable row level security;
create policy every_row on waivers to lockgate_runtime using (true) with check (true);
create policy own_installations on waivers to lockgate_reader
    using ((select reads_every_installation()) or installation_id = any ((select read_installations())::bigint[]))
    with check ((select reads_every_installation()) or installation_id = any ((select read_installations())::bigint[]));

grant select, insert on waivers to lockgate_runtime;
grant select on waivers to lockgate_reader;
-- The only thing that somebody who asks over HTTP may change, and only in the own installations.
grant update (state, decided_by, decided_at, decided_reason, expires_at) on waivers to lockgate_runtime, lockgate_reader;
