nullif(regexp_replace(lower({text}), '[·.•\s]', '', 'g'), '')
