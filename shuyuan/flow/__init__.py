"""The straight line: receive → read → check → admit → resolve → publish. Plain functions, no Airflow; each idempotent and atomic."""
