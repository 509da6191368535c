-- Facts may quote a NUL (U+0000), which `json` keeps as an escape and no operator on json can read. So what evidence looked
-- at is taken from the text: the last list called "inputs" is the evidence's own, for facts come before it.
drop index evidence_by_input;

create or replace function digests_looked_at(body json) returns text[]
    language sql immutable parallel safe set search_path = pg_catalog as
    $$ select coalesce(array_agg(found[1]), '{}')
       from regexp_matches(substring(body::text from '.*"inputs":\s*\[([^]]*)\]'), '"([^"]+)"', 'g') as matched (found) $$;

create index evidence_by_input on evidence using gin (digests_looked_at(body));
