insert into advisory_feeds (source, digest, records) values ('osv', 'sha256:ca', 1);
insert into advisories (id, modified, body) values ('TEST-2026-1', '2026-01-01T00:00:00Z', '{"id": "TEST-2026-1"}');
insert into advisory_packages (ecosystem, name, advisory_id) values ('npm', 'left-pad', 'TEST-2026-1');
