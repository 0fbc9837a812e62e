-- The next day on which the class may become another one though nothing is delivered.
least(
    {event_turns},
    CASE
        WHEN {source_as_of} > {claim_as_of} AND {source_as_of} + {timing} + 1 > DATE '{business_date}'
            THEN {source_as_of} + {timing} + 1
    END
)
