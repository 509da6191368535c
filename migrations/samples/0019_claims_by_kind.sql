insert into jobs (kind, key, payload, max_attempts) values ('sweep', 'nineteen', '{}', 5);
