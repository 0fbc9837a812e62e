-- The letter of one claimant of an item: that of the first who claims the same, its own, that of the value, or none.
CASE WHEN {claim} IS NOT NULL THEN CASE {same} WHEN true THEN {own} END WHEN {compared} THEN 'a' ELSE '.' END
