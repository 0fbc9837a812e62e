SELECT *, {nth} AS _nth FROM {rows} WHERE _line NOT IN (SELECT _line FROM {aside})
