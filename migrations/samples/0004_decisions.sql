insert into policies (digest, files) values ('sha256:ba', '{"main.rego": "package lockgate"}');

insert into decisions (sequence, id, evaluation_id, repository, head_sha, outcome, policy_digest, body, decided_at, hash)
values (1, '00000000-0000-4000-8000-000000000002', '00000000-0000-4000-8000-000000000001', 'octo-org/hello',
        '2222222222222222222222222222222222222222', 'allow', 'sha256:ba', '{"outcome": "allow"}', now(), 'sha256:bb');

insert into assessments (decision_id, asked_at, body) values ('00000000-0000-4000-8000-000000000002', now(), '{"releases": []}');
