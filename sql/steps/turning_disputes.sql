-- Entities with a discrepancy whose class may be another one by now though nothing was delivered.
SELECT entity, {bucket} AS _bucket FROM ({disputes}) AS dispute WHERE _op IS DISTINCT FROM 'D' AND _turns <= DATE '{day}'
