-- Who read what. Appended for every answer to somebody who proved who they are; nobody can change a row, and only the
-- retention's function removes one, when it is old.

create table access_log (
    id bigint generated always as identity primary key,
    at timestamptz not null,
    -- `person:NAME`, `token:NAME`, `cli:ACCOUNT`; `lockgate` for what this program notes about its own log.
    principal text not null,
    roles text not null,
    -- `GET /d/{id}`: the template, never the address, whose query may hold anything.
    action text not null,
    -- What stood in the template's places.
    objects text[] not null default '{}',
    -- The installation that the object belongs to, where it belongs to one.
    installation_id bigint,
    -- The installations through which was read; null: every one.
    scope bigint[],
    -- HTTP status, or that of the command's end: 0 done.
    outcome integer not null,
    -- Truncated to a network: /24 of IPv4, /48 of IPv6.
    client text,
    -- Reads before this row that could not be noted, because the database or this log was too slow.
    lost bigint not null default 0
);

create index access_log_by_time on access_log (at desc, id desc);
create index access_log_by_principal on access_log (principal, at desc);
create index access_log_by_installation on access_log (installation_id, at desc);

-- Removing by age is the one change of an append-only table that is allowed, and only inside the retention's function,
-- which names the table. Setting this is no way around: it takes the privilege to delete, which nobody else has.
create function refuse_change_but_retention() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and coalesce(current_setting('lockgate.retention', true), '') = tg_table_name then
        return null;
    end if;
    raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
end
$$;

create trigger access_log_append_only before update or delete or truncate on access_log
    for each statement execute function refuse_change_but_retention();

grant select, insert on access_log to lockgate_runtime;
grant select on access_log to lockgate_reader;

-- An auditor of one installation sees who read what belongs to it; lists, which belong to none, when they were read
-- through the auditor's own installations alone.
alter table access_log enable row level security;
create policy every_row on access_log to lockgate_runtime using (true) with check (true);
create policy own_installations on access_log to lockgate_reader
    using ((select reads_every_installation())
           or installation_id = any ((select read_installations())::bigint[])
           or (installation_id is null and scope <@ (select read_installations())::bigint[]));
