-- The sum over the rows of what one source claims of published entities, each hashed with its key, as digest_published.sql sums what is published.
SELECT {sum}
FROM {claimed} AS claim
WHERE claim.entity <> ALL ({keys}) AND {published}
