insert into access_log (at, principal, roles, action, objects, installation_id, scope, outcome, client) values
    (now() - interval '500 days', 'token:ci', 'viewer', 'GET /d/{id}', '{00000000-0000-4000-8000-000000000002}', 42, '{42}', 200, '192.0.2.0/24'),
    (now(), 'person:jane', 'auditor', 'GET /access', '{}', null, null, 200, '2001:db8::/48');
