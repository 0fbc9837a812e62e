-- Subjects for a likelihood model, each with a number of its own. `mark`: one of the marks, for finding pairs; `family`: how a name begins.
SELECT CAST(subject_id AS text), key, NOT published, name, left(name, %(family)s), birth, sex, marks[1], marks
FROM {subjects}
WHERE name IS NOT NULL
ORDER BY subject_id;
