-- The 17th character of the citizen's number is odd for men and even for women (GB 11643; GB/T 2261.1: 1 male, 2 female).
SELECT _line AS line, concat_ws(' / ', substr({item}, 17, 1), {other}) AS value
FROM {delta} AS delta
WHERE length({item}) = 18 AND {other} IN ('1', '2') AND (substr({item}, 17, 1)::integer % 2 = 1) <> ({other} = '1')
