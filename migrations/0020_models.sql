-- The models that score releases, by what they are: a model is its bytes, and its digest is the name by which evidence
-- cites it. So the bytes are kept for ever, and the database itself holds that they are what their name says.

create table models (
    digest text primary key check (digest ~ '^[0-9a-f]{64}$'),
    onnx bytea not null check (octet_length(onnx) between 1 and 20 * 1024 * 1024),
    -- What the model says of itself: its data, its thresholds, what it was measured to do.
    card json not null,
    added_by text not null,
    added_at timestamptz not null default now(),
    check (digest = encode(sha256(onnx), 'hex'))
);

-- Weights do not compress: trying costs time, and gains nothing.
alter table models alter column onnx set storage external;

-- Where a model stands now; one without a row here is kept and not asked. At most one decides (`active`), and at most one
-- decides for a share of the repositories (`canary`). A `shadow` is asked as well, and decides nothing.
create table model_places (
    digest text primary key references models (digest),
    place text not null check (place in ('active', 'canary', 'shadow')),
    -- Of the repositories, in percent.
    share smallint check (share between 1 and 99),
    since timestamptz not null default now(),
    check ((place = 'canary') = (share is not null))
);

create unique index model_places_one_active on model_places (place) where place = 'active';
create unique index model_places_one_canary on model_places (place) where place = 'canary';

-- How they came there: who moved which model, and why. What to go back to is read from here.
create table model_moves (
    id bigint generated always as identity primary key,
    digest text not null references models (digest),
    -- Null: it left the place where it stood.
    place text check (place in ('active', 'canary', 'shadow')),
    share smallint,
    -- Which model stood in this place until then.
    replaced text references models (digest),
    -- Of a place given back: `replaced` failed. Of one that left: it failed itself. Nobody goes back to such a model.
    rolled_back boolean not null default false,
    moved_by text not null,
    reason text not null,
    moved_at timestamptz not null default now()
);

-- What each model said of each difference: the ground for comparing models, for seeing that one fails, and for drift.
create table model_scores (
    id bigint generated always as identity primary key,
    digest text not null references models (digest),
    place text not null check (place in ('active', 'canary', 'shadow')),
    purl text not null,
    ecosystem text not null,
    mode text not null check (mode in ('new', 'update')),
    -- Null: the difference adds nothing that a model reads, or the model failed.
    score double precision,
    probability double precision,
    threshold double precision not null,
    chunks integer not null,
    -- One bit a fact, the first the lowest.
    facts smallint not null,
    micros bigint not null,
    failure text,
    -- A reader counts failures without seeing their texts, which may name a package.
    failed boolean not null generated always as (failure is not null) stored,
    scored_at timestamptz not null default now()
);

create index model_scores_by_model on model_scores (digest, scored_at);
create index model_scores_by_age on model_scores (scored_at, id);

-- How far the releases of a day are from those that the model was trained on.
create table model_drift (
    day date not null,
    digest text not null references models (digest),
    ecosystem text not null,
    mode text not null check (mode in ('new', 'update')),
    input text not null check (input in ('score', 'chunks', 'facts')),
    -- Population stability index: below 0.1 nothing moved, above 0.25 much did.
    psi double precision not null,
    rows bigint not null,
    primary key (day, digest, ecosystem, mode, input)
);

create trigger models_append_only before update or delete or truncate on models
    for each statement execute function refuse_change();
create trigger model_moves_append_only before update or delete or truncate on model_moves
    for each statement execute function refuse_change();
create trigger model_scores_append_only before update or delete or truncate on model_scores
    for each statement execute function refuse_change_but_retention();

insert into retention_rules (rule, days, at_least_days) values ('model_scores', 180, 30);

-- As before, with the scores of models.
create or replace function apply_retention(of_rule text, most integer, out removed bigint, out more boolean)
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
    when 'model_scores' then
        delete from model_scores where id in (
            select id from model_scores where scored_at < cutoff order by scored_at, id limit most);
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

grant select, insert on models, model_moves, model_scores to lockgate_runtime;
grant select, insert, delete on model_places to lockgate_runtime;
grant select, insert on model_drift to lockgate_runtime;
grant update (psi, rows) on model_drift to lockgate_runtime;

-- Scores belong to no installation, so who asks over HTTP sees their numbers and not the packages, which may be another's.
grant select (digest, card, added_by, added_at) on models to lockgate_reader;
grant select on model_places, model_moves, model_drift to lockgate_reader;
grant select (id, digest, place, ecosystem, mode, score, probability, threshold, chunks, facts, micros, failed, scored_at)
    on model_scores to lockgate_reader;
