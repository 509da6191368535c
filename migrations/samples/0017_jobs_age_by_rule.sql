select * from apply_retention('jobs', 100);
