select set_retention('jobs', 40);
insert into retention_runs (rule, days, before, removed) values ('jobs', 40, now() - interval '40 days', 3);
