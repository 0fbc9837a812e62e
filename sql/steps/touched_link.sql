SELECT CAST({item} AS VARCHAR) AS entity FROM delta WHERE _change IN ('I', 'U', 'D')
