SELECT source._key FROM {source} AS source
INNER JOIN {ruled} AS named ON source.{on} = named.key
