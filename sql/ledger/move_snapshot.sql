INSERT INTO ledger.snapshot (kind, name, manifest, batch_id, run_id, business_date)
VALUES (%(kind)s, %(name)s, %(manifest)s, %(batch_id)s, %(run_id)s, %(business_date)s)
ON CONFLICT (kind, name) DO UPDATE SET
    manifest = excluded.manifest, batch_id = excluded.batch_id, run_id = excluded.run_id,
    business_date = excluded.business_date, moved_at = clock_timestamp();
