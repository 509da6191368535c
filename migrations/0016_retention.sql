-- What is kept for how long, and what was removed. Decisions, their questions and their evidence, policies and the
-- first-seen digests are kept for ever: there is no rule for them and no function that touches them.
--
-- The run-time role deletes none of this itself. It calls `apply_retention`, which computes the age by the server's
-- clock and removes nothing younger; and `set_retention`, which cannot go below a rule's own floor. A server that was
-- taken over can so neither wipe its traces nor hurry.

create table retention_rules (
    rule text primary key,
    days integer not null,
    -- No configuration goes below this.
    at_least_days integer not null check (at_least_days > 0),
    -- How far a rule that has to look for what it may remove has looked.
    looked_at timestamptz,
    looked_id text,
    check (days >= at_least_days)
);

insert into retention_rules (rule, days, at_least_days) values
    ('payloads', 30, 1),
    ('deliveries', 180, 35),
    ('jobs', 30, 1),
    ('sessions', 1, 1),
    ('access_log', 400, 90),
    ('unused_evidence', 90, 30);

create table retention_changes (
    id bigint generated always as identity primary key,
    rule text not null references retention_rules (rule),
    days_before integer not null,
    days integer not null,
    changed_at timestamptz not null default now()
);

create table retention_runs (
    id bigint generated always as identity primary key,
    rule text not null references retention_rules (rule),
    days integer not null,
    -- What was older than this was removed.
    before timestamptz not null,
    removed bigint not null check (removed > 0),
    ran_at timestamptz not null default now()
);

create index retention_runs_latest on retention_runs (rule, id desc);

create trigger retention_changes_append_only before update or delete or truncate on retention_changes
    for each statement execute function refuse_change();
create trigger retention_runs_append_only before update or delete or truncate on retention_runs
    for each statement execute function refuse_change();

-- A delivery holds names and addresses of people. Once it was handled, only that it came is needed. The payload becomes
-- JSON's null, so that the version before still reads the row.
alter table deliveries add column payload_removed_at timestamptz;
create index deliveries_with_payload on deliveries (handled_at) where payload_removed_at is null and handled_at is not null;

-- Evidence that no question rests on any more may go; what a decision rests on stays linked, whoever deletes links.
drop trigger evidence_append_only on evidence;
create trigger evidence_append_only before update or delete or truncate on evidence
    for each statement execute function refuse_change_but_retention();
create index evidence_by_age on evidence (collected_at, id);

create function keep_links_of_decisions() returns trigger language plpgsql as $$
begin
    if exists (select from decisions d where d.evaluation_id = old.evaluation_id) then
        return null;
    end if;
    return old;
end
$$;

create trigger evaluation_evidence_of_decisions before delete on evaluation_evidence
    for each row execute function keep_links_of_decisions();

create function set_retention(of_rule text, new_days integer) returns void
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    current retention_rules%rowtype;
begin
    select * into current from retention_rules where rule = of_rule for update;
    if not found then
        raise exception 'no retention rule is called %', of_rule using errcode = 'invalid_parameter_value';
    end if;
    if new_days < current.at_least_days then
        raise exception 'retention of % is at least % days', of_rule, current.at_least_days
            using errcode = 'restrict_violation';
    end if;
    if new_days <> current.days then
        update retention_rules set days = new_days where rule = of_rule;
        insert into retention_changes (rule, days_before, days) values (of_rule, current.days, new_days);
    end if;
end
$$;

-- Removes at most `most` rows by one rule, oldest first, and notes it. Answers how many rows went, and whether there may
-- be more to look at.
create function apply_retention(of_rule text, most integer, out removed bigint, out more boolean)
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    current retention_rules%rowtype;
    cutoff timestamptz;
    looked bigint;
    ids text[];
    last_at timestamptz;
    last_id text;
    unlinked bigint;
begin
    if most not between 1 and 10000 then
        raise exception 'a batch is 1 to 10000 rows' using errcode = 'invalid_parameter_value';
    end if;
    -- Two servers do not sweep by one rule at once.
    select * into current from retention_rules where rule = of_rule for update;
    if not found then
        raise exception 'no retention rule is called %', of_rule using errcode = 'invalid_parameter_value';
    end if;
    cutoff := now() - make_interval(days => current.days);
    perform set_config('lockgate.retention', case of_rule when 'unused_evidence' then 'evidence' else of_rule end, true);
    case of_rule
    when 'payloads' then
        update deliveries set payload = 'null', payload_removed_at = now() where id in (
            select id from deliveries
            where payload_removed_at is null and handled_at is not null and handled_at < cutoff
            order by handled_at limit most for update skip locked);
    when 'deliveries' then
        delete from deliveries where id in (
            select id from deliveries where received_at < cutoff order by received_at limit most for update skip locked);
    when 'jobs' then
        delete from jobs where id in (
            select id from jobs where finished_at < cutoff order by finished_at limit most for update skip locked);
    when 'sessions' then
        delete from sessions where hash in (
            select hash from sessions where expires_at < cutoff order by expires_at limit most for update skip locked);
        get diagnostics looked = row_count;
        delete from used_logins where hash in (
            select hash from used_logins where used_at < cutoff order by used_at limit most for update skip locked);
    when 'access_log' then
        delete from access_log where id in (select id from access_log where at < cutoff order by at, id limit most);
    when 'unused_evidence' then
        -- Questions that were dropped before they were decided let go of their evidence.
        delete from evaluation_evidence where (evaluation_id, evidence_id) in (
            select l.evaluation_id, l.evidence_id from evaluations e join evaluation_evidence l on l.evaluation_id = e.id
            where e.updated_at < cutoff and e.state in ('done', 'stopped')
              and not exists (select from decisions d where d.evaluation_id = e.id)
            limit most);
        get diagnostics unlinked = row_count;
        -- Most old evidence is in use, so the search goes on where it stopped, and begins anew at the end.
        select array_agg(id), count(*), max(collected_at) into ids, looked, last_at from (
            select id, collected_at from evidence
            where collected_at < cutoff
              and (current.looked_at is null or (collected_at, id) > (current.looked_at, current.looked_id))
            order by collected_at, id limit most) as old;
        select max(id) into last_id from evidence where collected_at = last_at and id = any(ids);
        update retention_rules set looked_at = case when looked = most then last_at end,
                                   looked_id = case when looked = most then last_id end where rule = of_rule;
        delete from evidence e
            where e.id = any(ids) and not exists (select from evaluation_evidence u where u.evidence_id = e.id);
    else
        raise exception 'the retention rule % has no way to remove anything', of_rule;
    end case;
    get diagnostics removed = row_count;
    if of_rule = 'sessions' then
        removed := removed + looked;
    end if;
    more := case of_rule when 'unused_evidence' then looked = most or unlinked = most else removed >= most end;
    perform set_config('lockgate.retention', '', true);
    if removed > 0 then
        insert into retention_runs (rule, days, before, removed) values (of_rule, current.days, cutoff, removed);
    end if;
end
$$;

revoke all on function set_retention(text, integer), apply_retention(text, integer) from public;
grant execute on function set_retention(text, integer), apply_retention(text, integer) to lockgate_runtime;
grant select on retention_rules, retention_changes, retention_runs to lockgate_runtime, lockgate_reader;
