SELECT
    _key, {items}, _filled,
    md5(concat_ws(chr(31), {texts}, coalesce(_filled, ''))) AS _hash
FROM (SELECT *, {filled} AS _filled FROM joined) AS whole
