-- Whom a likelihood model learns from: published entities, and what members say of the same numbers in their own words.
CREATE TEMP TABLE taught (LIKE subject INCLUDING IDENTITY) ON COMMIT DROP;
INSERT INTO taught
SELECT resource, row_key, key, published, name, birth, sex, marks FROM subject
WHERE published
ORDER BY md5(key)
LIMIT {entities};
CREATE TEMP TABLE sample ON COMMIT DROP AS SELECT key FROM taught;
