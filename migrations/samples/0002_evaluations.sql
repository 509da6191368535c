insert into evaluations (id, repository, installation_id, base_sha, head_sha, base_ref, pull_request, source_url, actor, generation, state)
values ('00000000-0000-4000-8000-000000000001', 'octo-org/hello', 42,
        '1111111111111111111111111111111111111111', '2222222222222222222222222222222222222222',
        'main', 7, 'https://git.example.test/octo-org/hello.git', 'github:pull_request', 1, 'done');
