-- Timing, where no event is dated: the source has moved on since the claim was made.
CASE
    WHEN {source_as_of} > {claim_as_of} AND DATE '{business_date}' - {source_as_of} <= {timing} THEN 'timing'
    ELSE 'error'
END
