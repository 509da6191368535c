insert into waivers (id, installation_id, repository_id, repository, purl, code, reason, requested_by)
values ('00000000-0000-4000-8000-00000000000c', 42, 1296269, 'octo-org/hello', 'pkg:npm/left-pad@1.3.0', 'license-denied',
        'replaced next week', 'github:octo-reader');
update waivers set state = 'granted', decided_by = 'person:reviewer', decided_at = now(), decided_reason = 'one release',
    expires_at = now() + interval '7 days';
