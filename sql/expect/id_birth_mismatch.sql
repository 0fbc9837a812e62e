-- The birth date inside the citizen's number is not the one beside it (GB 11643: characters 7 to 14).
SELECT _line AS line, concat_ws(' / ', substr({item}, 7, 8), {other}) AS value
FROM {delta} AS delta
WHERE length({item}) = 18 AND substr({item}, 7, 8) <> to_char({other}, 'YYYYMMDD')
