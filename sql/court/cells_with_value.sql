-- How many entities of a library have a value in an item, and how many of these it is.
SELECT count({item}), count(*) FILTER (WHERE {item}::text = %(value)s) FROM {library};
