insert into deliveries (id, event, action, installation_id, repository, payload, form)
values ('00000000-0000-4000-8000-000000000018', 'ping', null, null, null, '{"event":"ping"}', 'event');
