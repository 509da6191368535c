insert into evidence (id, key, purl, collector, collector_version, status, body, collected_at)
values ('sha256:aa', 'sha256:ab', 'pkg:npm/left-pad@1.3.0', 'checksum', 1, 'absent', '{"status": "absent"}', now());

insert into evaluation_evidence (evaluation_id, lockfile, purl, evidence_id)
values ('00000000-0000-4000-8000-000000000001', 'package-lock.json', 'pkg:npm/left-pad@1.3.0', 'sha256:aa');

insert into first_seen (purl, file, algorithm, digest) values ('pkg:npm/left-pad@1.3.0', 'left-pad-1.3.0.tgz', 'sha256', 'sha256:ac');

insert into known_artifacts (purl, file, stated_digest, sha256)
values ('pkg:npm/left-pad@1.3.0', 'left-pad-1.3.0.tgz', 'sha512:ad', 'sha256:ac');
