CAST(hash({items}, {op}) AS VARCHAR)
