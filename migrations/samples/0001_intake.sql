insert into deliveries (id, event, action, installation_id, repository, payload)
values ('5f0c1a9e-0000-4000-8000-000000000001', 'pull_request', 'opened', 42, 'octo-org/hello', '{"number": 7, "title": "nul \u0000"}');

insert into jobs (kind, key, payload, max_attempts) values ('evaluate', 'one', '{"evaluation": "one"}', 5);
insert into jobs (kind, payload, max_attempts, state, attempts, locked_by, lease_until)
values ('report', '{}', 5, 'running', 1, 'worker-a', now() + interval '30 s');
insert into jobs (kind, payload, max_attempts, state, attempts, finished_at) values ('report', '{}', 5, 'done', 1, now());
