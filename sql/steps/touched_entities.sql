-- Keys of libraries that the rows of a delta name, or named before.
SELECT DISTINCT entity, {bucket} AS _bucket FROM ({every}) AS named WHERE entity IS NOT NULL
