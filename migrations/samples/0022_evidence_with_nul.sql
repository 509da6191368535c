insert into evidence (id, key, purl, collector, collector_version, status, body, collected_at)
values ('sha256:ae', 'sha256:af', 'pkg:npm/left-pad@1.3.0', 'diff', 1, 'observed',
        '{"facts": {"path": "nul \u0000 ]", "inputs": ["x"]}, "inputs":["sha256:ac","sha256:ad"]}', now());
