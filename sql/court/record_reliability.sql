INSERT INTO ledger.reliability (run_id, library, item, ref, authority, claims, reliability)
VALUES (%(run_id)s, %(library)s, %(item)s, %(ref)s, %(authority)s, %(claims)s, %(reliability)s);
