DELETE FROM {table} AS live USING delta
WHERE delta._op = 'D' AND live._key = delta._key;
