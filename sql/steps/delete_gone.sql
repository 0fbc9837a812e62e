DELETE FROM {table} AS live USING delta
WHERE delta._change = 'D' AND live._key = delta._key;
