insert into evaluations (id, repository, installation_id, base_sha, head_sha, base_ref, pull_request, source_url, actor, generation, state)
values ('00000000-0000-4000-8000-000000000011', 'octo-org/hello', 42,
        '1111111111111111111111111111111111111111', '3333333333333333333333333333333333333333',
        'main', 8, 'https://git.example.test/octo-org/hello.git', 'github:pull_request', 1, 'done');
insert into decisions (sequence, id, evaluation_id, repository, head_sha, outcome, policy_digest, body, decided_at, hash, previous)
values (2, '00000000-0000-4000-8000-000000000012', '00000000-0000-4000-8000-000000000011', 'octo-org/hello',
        '3333333333333333333333333333333333333333', 'deny', 'sha256:ba', '{"outcome": "deny"}', now(), 'sha256:bc', 'sha256:bb');
-- Both the old decision and the new one have their owner.
do $$ begin
    assert (select count(*) from decisions where installation_id = 42) = 2;
end $$;
