-- One bucket of a library, wide: every item from its one source, where it was filled from, and every competing claim beside it.
CREATE OR REPLACE TEMP TABLE joined AS
SELECT everyone.entity AS _key, {values}
FROM ({entities}) AS everyone
{joins}
