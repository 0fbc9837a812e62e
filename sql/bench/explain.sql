-- A town of {count} people for bench/explain.py: one run and its deliveries, every person in the registers and feeds that speak of persons,
-- two versions of one in ten, a disagreement about one in fifty, and as many reads as there are people.
SET LOCAL synchronous_commit = off;
INSERT INTO ledger.batch (resource, business_date, mode, file_name, file_sha256, file_bytes, state, physical, loaded, quarantined, blank, preamble)
SELECT resource.id, date '2026-11-16', 'full', resource.id || '.csv', md5(resource.id), 1, 'admitted', 1, 1, 0, 0, 0
FROM catalog.resource ORDER BY resource.id;
INSERT INTO ledger.load (actor, step, resource, batch_id, seconds, outcome)
SELECT 'bench', 'admit', batch.resource, batch.batch_id, 1, 'ok' FROM ledger.batch;
INSERT INTO ledger.run (library, business_date, inputs, state)
SELECT 'population', date '2026-11-15' + day, '{{"rules": "bench"}}', 'published' FROM generate_series(0, 1) AS day;

CREATE TEMP TABLE person ON COMMIT DROP AS
SELECT
    lpad(n::text, 18, '0') AS id_no, n AS line, '王' || chr(20000 + n % 5000) || chr(20000 + n / 5000 % 5000) AS name, (1 + n % 2)::text AS sex,
    date '1950-01-01' + n % 25000 AS birth_date, '440303' AS division, '广东省深圳市罗湖区人民路' || n % 3000 || '号' || n % 900 || '室' AS address,
    '138' || lpad((n % 100000000)::text, 8, '0') AS phone
FROM generate_series(1, {count}) AS n;
CREATE TEMP VIEW batch AS SELECT resource, batch_id FROM ledger.batch;

INSERT INTO source.public_security__resident
(_key, _line, _batch, _as_of, _hash, id_no, name, sex, birth_date, hukou_division, hukou_address, marital_status, life_status, phone)
SELECT id_no, line, batch_id, '2026-11-16', 'h', id_no, name, sex, birth_date, division, address, '10', '1', phone
FROM person, batch WHERE resource = 'public_security.resident';
INSERT INTO source.public_security__nonlocal (_key, _line, _batch, _as_of, _hash, id_no, name, sex, residence_address)
SELECT id_no, line, batch_id, '2026-11-16', 'h', id_no, name, sex, address FROM person, batch WHERE resource = 'public_security.nonlocal' AND line % 5 = 0;
INSERT INTO source.civil_affairs__marriage (_key, _line, _batch, _as_of, _hash, cert_no, male_id_no, female_id_no, status, reg_date)
SELECT 'J' || id_no, line, batch_id, '2026-11-16', 'h', 'J' || id_no, id_no, lpad((line + 1)::text, 18, '0'), '20', date '2000-01-01' + (line % 9000)::integer
FROM person, batch WHERE resource = 'civil_affairs.marriage' AND line % 2 = 0;
INSERT INTO source.hrss__insured (_key, _line, _batch, _as_of, _hash, id_no, name, life_status, employer_uscc)
SELECT id_no, line, batch_id, '2026-11-16', 'h', id_no, name, '1', '91440305123456789X' FROM person, batch WHERE resource = 'hrss.insured';
INSERT INTO source.medical_insurance__insured (_key, _line, _batch, _as_of, _hash, id_no, name, sex, birth_date)
SELECT id_no, line, batch_id, '2026-11-16', 'h', id_no, name, sex, birth_date FROM person, batch WHERE resource = 'medical_insurance.insured';
INSERT INTO source.education__student (_key, _line, _batch, _as_of, _hash, id_no, name, birth_date)
SELECT id_no, line, batch_id, '2026-11-16', 'h', id_no, name, birth_date FROM person, batch WHERE resource = 'education.student' AND line % 5 = 0;

INSERT INTO library.population (_key, _run, _as_of, name, sex, birth_date, hukou_division, hukou_address, marital_status, life_status, phone)
SELECT id_no, 2, '2026-11-16', name, sex, birth_date, division, address, '10', '1', phone FROM person;
INSERT INTO history.population
(_key, _op, _run, valid_from, recorded_at, name, sex, birth_date, hukou_division, hukou_address, marital_status, life_status, phone)
SELECT id_no, 'I'::"char", 1, date '2026-11-15', now() - interval '1 day', name, sex, birth_date, division, address, '10', '1', '110' FROM person
UNION ALL
SELECT id_no, 'U', 2, date '2026-11-16', now(), name, sex, birth_date, division, address, '10', '1', phone FROM person WHERE line % 10 = 0;
INSERT INTO ledger.discrepancy (library, entity, item, source_ref, source_value, claim_ref, claim_value, class, opened_run, pattern)
SELECT 'population', id_no, 'name', 'public_security.resident.name', name, 'hrss.insured.name', '王某', 'error', 2, 'aba..' FROM person WHERE line % 50 = 0;
INSERT INTO ledger.verdict VALUES
(2, 'population', 'name', 'public_security.resident.name', 'aba..', 'hrss.insured.name', 0.9, 0.1, 'hrss.insured.name', 0.9);
INSERT INTO ledger.access (user_name, purpose, statement, objects, columns, method, outcome, reason, entity)
SELECT 'someone', 'data_verification', 'explain', '{{library.population}}', '{{name}}', 'console', 'granted', 'bench', id_no FROM person;
