-- A library, wide: every item from its one source, where it was filled from, and every competing claim beside it.
SELECT {key} AS _key, {values}
FROM {members}
