SELECT {fields} FROM ledger.link_now
WHERE library = %(library)s AND resource IS NOT DISTINCT FROM %(resource)s AND alias = %(alias)s AND key = %(key)s;
