insert into models (digest, onnx, card, added_by)
    select encode(sha256(bytes), 'hex'), bytes, '{"features": 2}', 'cli:uid-1000'
    from (values ('one'::bytea), ('two'::bytea)) as kept (bytes);
insert into model_places (digest, place, share) values
    (encode(sha256('one'), 'hex'), 'active', null),
    (encode(sha256('two'), 'hex'), 'canary', 5);
insert into model_moves (digest, place, moved_by, reason) values
    (encode(sha256('one'), 'hex'), 'active', 'configuration', 'the first model');
insert into model_scores (digest, place, purl, ecosystem, mode, score, probability, threshold, chunks, facts, micros, scored_at)
    values (encode(sha256('one'), 'hex'), 'active', 'pkg:npm/left-pad@1.3.0', 'npm', 'update', -3.5, 0.01, 2, 12, 3, 900,
            now() - interval '200 days');
insert into model_drift values (current_date, encode(sha256('one'), 'hex'), 'npm', 'update', 'score', 0.02, 400);
select * from apply_retention('model_scores', 100);
