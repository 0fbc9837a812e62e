-- What a resource has delivered and was let in, in the order of the days it speaks of; also what was replaced since, or came too late for the present.
SELECT {fields} FROM ledger.batch
WHERE resource = %(resource)s AND mode IN ('full', 'change') AND state IN ('admitted', 'superseded', 'outdated')
ORDER BY business_date, batch_id;
