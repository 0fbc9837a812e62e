-- Per library: how often history was corrected, by how many versions, from which day on, and when last.
SELECT
    library, count(*) AS runs, sum(inserted + updated + deleted)::bigint AS versions,
    min(business_date)::text AS earliest, max(changed_at)::text AS last
FROM ledger.run WHERE state = 'corrected'
GROUP BY library ORDER BY library;
