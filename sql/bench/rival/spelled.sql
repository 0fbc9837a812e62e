-- Texts that are written differently, compared as they are meant; OFFSET keeps the planner from spelling each as often as the comparator names it.
CASE
    WHEN {a} = {b} THEN true
    ELSE (SELECT {test} FROM (SELECT {spelled_a} AS a, {spelled_b} AS b OFFSET 0) AS meant)
END
