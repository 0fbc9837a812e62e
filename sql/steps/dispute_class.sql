-- Timing: the event is recent, or the source has moved on since the claim was made.
CASE
    WHEN {recent} OR ({source_as_of} > {claim_as_of} AND DATE '{business_date}' - {source_as_of} <= {timing}) THEN 'timing'
    ELSE 'error'
END
