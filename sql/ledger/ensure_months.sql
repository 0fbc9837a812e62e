SELECT ledger.ensure_month(parent, (date_trunc('month', now()) + make_interval(months => %(ahead)s))::date)
FROM unnest(ARRAY['load', 'access']) AS parent;
