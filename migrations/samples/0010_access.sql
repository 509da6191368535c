insert into tokens (id, name, role, installations, hash, expires_at)
values ('00000000-0000-4000-8000-00000000000a', 'ci', 'viewer', '{42}', decode(repeat('aa', 32), 'hex'), now() + interval '90 days');
insert into sessions (hash, subject, name, groups, expires_at)
values (decode(repeat('ab', 32), 'hex'), '248289761001', 'reviewer', '{security}', now() + interval '12 hours');
insert into sessions (hash, subject, name, token_id, expires_at)
values (decode(repeat('ac', 32), 'hex'), 'ci', 'ci', '00000000-0000-4000-8000-00000000000a', now() + interval '12 hours');
insert into used_logins (hash) values (decode(repeat('ad', 32), 'hex'));
