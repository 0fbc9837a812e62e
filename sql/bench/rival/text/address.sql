-- As sql/compare/text/address.sql. White space is named, as PostgreSQL's \s knows more of it; look-ahead makes it take the first alternative that
-- matches, as the other engines do, and not the longest.
nullif(regexp_replace(regexp_replace(regexp_replace({text},
    '[‐‑–—－]', '-', 'g'), '[ \t\n\f\r,，、。()（）#]', '', 'g'),
    '(^|(?!^[-.])[^0-9])[-.]+|(?!(^|[^0-9])[-.]+)[-.]+([^0-9]|$)[-.]*', '\1\2', 'g'), '')
