-- Per source a sum over the rows of what the library says is that source's, each hashed with its key: all sources in one pass.
SELECT {sums}
FROM {published} AS library
WHERE library._key <> ALL ({keys})
