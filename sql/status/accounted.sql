SELECT
    coalesce(sum(physical), 0) AS physical, coalesce(sum(loaded), 0) AS loaded, coalesce(sum(quarantined), 0) AS quarantined,
    coalesce(sum(blank), 0) AS blank, coalesce(sum(preamble), 0) AS preamble
FROM ledger.batch
WHERE state IN ('admitted', 'superseded', 'outdated');
