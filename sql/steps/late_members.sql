-- Members of a library that are later than permitted.
SELECT resource, expected_for, due_on, working_days_late
FROM {batch} AS member
WHERE resource = ANY ({members}) AND overdue AND working_days_late > {working_days}
