-- Which of these batches still speak: a current row comes from them.
SELECT DISTINCT _batch FROM {table} WHERE _batch = ANY(%(batches)s);
