insert into installations (id, account) values (42, 'octo-org');
insert into repositories (id, full_name, clone_url, installation_id)
values (1296269, 'octo-org/hello', 'https://git.example.test/octo-org/hello.git', 42);
insert into check_runs (id, repository_id, installation_id, head_sha, github_id, shown, deadline_at, concluded_at, conclusion)
values ('00000000-0000-4000-8000-000000000006', 1296269, 42, '2222222222222222222222222222222222222222', 4, 1,
        now() + interval '15 minutes', now(), 'success');
update evaluations set repository_id = 1296269, event_at = now();
insert into delivery_log (compared_until) values (now());
