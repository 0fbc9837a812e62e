-- May it be a touched entity? A scan asks that of one column before it decodes the others.
get_bit(getvariable('{touched}'), CAST(hash(CAST({entity} AS VARCHAR)) % {bits} AS INTEGER)) = 1
