-- Rows of a resource that name a number and hold a given value.
SELECT _key FROM {source} WHERE %(number)s IN ({on}) AND CAST({item} AS text) = %(value)s ORDER BY _key;
