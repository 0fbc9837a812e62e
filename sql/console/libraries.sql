-- Every library: what its last publication left, when, and the discrepancies still open by class.
SELECT
    library.id, library.title, library.title_en, library.kind,
    department.title AS lead, department.title_en AS lead_en,
    published.run_id, published.business_date, published.entities, published.inserted, published.updated, published.deleted,
    published.changed_at, last.state AS last_state, last.reason AS last_reason,
    coalesce(open.error, 0) AS error, coalesce(open.timing, 0) AS timing, coalesce(open.definition, 0) AS definition,
    coalesce(open.finding, 0) AS finding
FROM catalog.library AS library
INNER JOIN catalog.department AS department ON department.id = library.lead
LEFT JOIN LATERAL (
    SELECT * FROM ledger.run WHERE run.library = library.id AND run.state IN ('published', 'unchanged') AND run.entities IS NOT NULL
    ORDER BY run.run_id DESC LIMIT 1
) AS published ON true
LEFT JOIN LATERAL (
    SELECT state, reason FROM ledger.run WHERE run.library = library.id ORDER BY run.run_id DESC LIMIT 1
) AS last ON true
LEFT JOIN (
    SELECT
        discrepancy.library,
        count(*) FILTER (WHERE class = 'error') AS error,
        count(*) FILTER (WHERE class = 'timing') AS timing,
        count(*) FILTER (WHERE class = 'definition') AS definition,
        count(*) FILTER (WHERE class = 'finding') AS finding
    FROM ledger.discrepancy WHERE closed_run IS NULL GROUP BY discrepancy.library
) AS open ON open.library = library.id
ORDER BY library.kind, library.id;
