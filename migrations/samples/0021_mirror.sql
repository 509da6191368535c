insert into mirror_objects (sha256, size) values ('sha256:' || repeat('ac', 32), 4);
insert into mirror_artifacts (sha256, purl, file, passed_by)
values ('sha256:' || repeat('ac', 32), 'pkg:npm/left-pad@1.3.0', 'left-pad-1.3.0.tgz',
        'decision:00000000-0000-4000-8000-000000000002');
insert into mirror_passes (kind, reached, objects, bytes) values ('standing', 'sha256:ac', 1, 4);
insert into mirror_findings (path, damage, became, detail) values ('sha256/ac/ac', 'altered', 'restored', 'by npm');
insert into incidents (purl, file, before, after, found_by, decisions)
values ('pkg:npm/left-pad@1.3.0', 'left-pad-1.3.0.tgz', 'sha256:ac', 'sha256:ad', 'mirror',
        array(select decisions_relying_on('sha256:ac')));
insert into firewall_judgements (id, purl, file, outcome, policy_digest, advisories, evidence, decision, report)
values ('00000000-0000-4000-8000-000000000021', 'pkg:npm/left-pad@1.3.0', 'left-pad-1.3.0.tgz', 'incomplete', 'sha256:ba', '',
        '{}', '{"outcome": "incomplete", "reasons": []}', 'not judged');
