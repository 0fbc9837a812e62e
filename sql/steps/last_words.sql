-- Of many change deliveries the last word about every key; `_nth` says in which order they are taken up.
SELECT * EXCLUDE (_nth) FROM (:every) AS told
QUALIFY row_number() OVER (PARTITION BY _key ORDER BY _nth DESC, _line DESC) = 1
