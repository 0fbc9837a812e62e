-- Without punctuation; of hyphens and dots between two digits the first stays, or 1-23 would be 12-3. Nothing but punctuation is no address.
nullif(regexp_replace(regexp_replace(regexp_replace({text},
    '[‐‑–—－]', '-', 'g'), '[\s,，、。()（）#]', '', 'g'), '(^|[^0-9])[-.]+|[-.]+([^0-9]|$)[-.]*', '\1\2', 'g'), '')
