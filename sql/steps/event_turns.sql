CASE WHEN {event} > DATE '{business_date}' THEN {event} END,
CASE WHEN {event} + {timing} + 1 > DATE '{business_date}' THEN {event} + {timing} + 1 END
