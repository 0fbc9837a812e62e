-- Subjects for a likelihood model, each with a number of its own. `begins`: how a name begins, for finding pairs.
COPY (
    SELECT subject_id, key, NOT published, name, left(name, 4), birth, sex, array_to_string(marks, chr(31))
    FROM {subjects}
    WHERE name IS NOT NULL
    ORDER BY subject_id
) TO STDOUT (FORMAT csv)
