-- Finished jobs go by the retention's rule, like everything else that ages: the run-time role removes none itself. A
-- server of the version before never did.

revoke delete on jobs from lockgate_runtime;
select set_retention('jobs', 7);
