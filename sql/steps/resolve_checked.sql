-- What is kept of the comparison: the published row, which pairs were compared, and of the claims only those that disagree.
SELECT _key, {items}, {filled} AS _filled, {kept}
FROM ({compared}) AS compared
