nullif(regexp_replace(lower({text}), '[·.• \t\n\f\r]', '', 'g'), '')
