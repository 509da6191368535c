-- The second wall: whoever asks over HTTP reads as `lockgate_reader`, which sees the rows of the installations that the
-- transaction names, and no others. A filter that a handler forgets then finds nothing instead of a neighbour's rows.
--
-- `lockgate.installations` is `all` or an array such as `{1,2}`; unset, it is nobody's. Rows without an installation
-- (made on the command line, or before it was known) are seen by `all` alone. Workers keep every row.

create function reads_every_installation() returns boolean language sql stable parallel safe as $$
    select coalesce(current_setting('lockgate.installations', true) = 'all', false)
$$;

create function read_installations() returns bigint[] language sql stable parallel safe as $$
    select case when coalesce(current_setting('lockgate.installations', true), '') in ('', 'all') then '{}'::bigint[]
                else current_setting('lockgate.installations')::bigint[] end
$$;

-- A decision belongs to the installation that asked. Set here, so that no writer, of this version or of the one before,
-- can forget it.
alter table decisions add column installation_id bigint;
alter table decisions disable trigger decisions_append_only;
update decisions d set installation_id = e.installation_id from evaluations e where e.id = d.evaluation_id;
alter table decisions enable trigger decisions_append_only;

create function owner_of_decision() returns trigger language plpgsql as $$
begin
    new.installation_id := (select installation_id from evaluations where id = new.evaluation_id);
    return new;
end
$$;

create trigger decisions_owner before insert on decisions for each row execute function owner_of_decision();

create index decisions_by_installation on decisions (installation_id, sequence desc);
create index evaluations_by_installation on evaluations (installation_id, created_at desc);
create index evaluation_evidence_by_evidence on evaluation_evidence (evidence_id, evaluation_id);

grant usage on schema public to lockgate_reader;
grant select on decisions, assessments, evaluations, evaluation_evidence, evidence, installations, repositories, check_runs
    to lockgate_reader;

-- `(select ...)` makes PostgreSQL ask once a statement, not once a row.
alter table deliveries enable row level security;
create policy every_row on deliveries to lockgate_runtime using (true) with check (true);
create policy own_installations on deliveries to lockgate_reader
    using ((select reads_every_installation()) or installation_id = any ((select read_installations())::bigint[]));

alter table evaluations enable row level security;
create policy every_row on evaluations to lockgate_runtime using (true) with check (true);
create policy own_installations on evaluations to lockgate_reader
    using ((select reads_every_installation()) or installation_id = any ((select read_installations())::bigint[]));

alter table decisions enable row level security;
create policy every_row on decisions to lockgate_runtime using (true) with check (true);
create policy own_installations on decisions to lockgate_reader
    using ((select reads_every_installation()) or installation_id = any ((select read_installations())::bigint[]));

alter table check_runs enable row level security;
create policy every_row on check_runs to lockgate_runtime using (true) with check (true);
create policy own_installations on check_runs to lockgate_reader
    using ((select reads_every_installation()) or installation_id = any ((select read_installations())::bigint[]));

alter table repositories enable row level security;
create policy every_row on repositories to lockgate_runtime using (true) with check (true);
create policy own_installations on repositories to lockgate_reader
    using ((select reads_every_installation()) or installation_id = any ((select read_installations())::bigint[]));

alter table installations enable row level security;
create policy every_row on installations to lockgate_runtime using (true) with check (true);
create policy own_installations on installations to lockgate_reader
    using ((select reads_every_installation()) or id = any ((select read_installations())::bigint[]));

-- What hangs on a visible row is visible: the subqueries run under the policies above.
alter table assessments enable row level security;
create policy every_row on assessments to lockgate_runtime using (true) with check (true);
create policy own_installations on assessments to lockgate_reader
    using ((select reads_every_installation()) or exists (select from decisions d where d.id = decision_id));

alter table evaluation_evidence enable row level security;
create policy every_row on evaluation_evidence to lockgate_runtime using (true) with check (true);
create policy own_installations on evaluation_evidence to lockgate_reader
    using ((select reads_every_installation()) or exists (select from evaluations e where e.id = evaluation_id));

-- Evidence is shared by content; who reads it must have asked a question that rests on it.
alter table evidence enable row level security;
create policy every_row on evidence to lockgate_runtime using (true) with check (true);
create policy own_installations on evidence to lockgate_reader
    using ((select reads_every_installation())
           or exists (select from evaluation_evidence l where l.evidence_id = evidence.id));
