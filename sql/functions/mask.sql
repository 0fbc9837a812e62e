-- Masking (脱敏), applied inside the SELECT so that a value never leaves the database unmasked. Null stays null.
-- Rules: docs of the catalog's sensitivity; GB/T 37964-2019 (de-identification) names the technique, the lengths are policy.

-- 公民身份号码: first 6 (division) and last 4; anything that is not 18 long keeps one character at each end.
CREATE OR REPLACE FUNCTION share.mask_citizen_id(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE
        WHEN length(value) = 18 THEN left(value, 6) || '********' || right(value, 4)
        WHEN length(value) > 2 THEN left(value, 1) || repeat('*', length(value) - 2) || right(value, 1)
        ELSE repeat('*', length(value))
    END
$$;

-- 姓名: the surname, and the last character of a name of three or four; longer names (ethnic, foreign) keep only the first.
CREATE OR REPLACE FUNCTION share.mask_person_name(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE
        WHEN length(value) BETWEEN 3 AND 4 THEN left(value, 1) || repeat('*', length(value) - 2) || right(value, 1)
        WHEN length(value) > 1 THEN left(value, 1) || repeat('*', length(value) - 1)
        ELSE '*'
    END
$$;

-- 手机 3 + 4; 固话 area code and last 2.
CREATE OR REPLACE FUNCTION share.mask_phone(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE
        WHEN value ~ '^1[0-9]{10}$' THEN left(value, 3) || '****' || right(value, 4)
        WHEN value ~ '^0[0-9]{2,3}-[0-9]{5,}$' THEN split_part(value, '-', 1) || '-****' || right(value, 2)
        ELSE '****' || right(value, least(2, length(value) / 4))
    END
$$;

-- 地址: down to the county or district (区县); where none is named, down to what is named above it. A housing estate (小区) is no district.
CREATE OR REPLACE FUNCTION share.mask_address(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT coalesce(substring(value FROM
        '^((?:[^省市区县路街号巷弄村[:digit:]]{1,12}(?:省|自治区|特别行政区))?'
        '(?:[^省市区县路街号巷弄村[:digit:]]{1,12}(?:市|自治州|地区|盟))?'
        '(?:[^省市区县路街号巷弄村[:digit:]]{1,10}(?:(?<![小社园校厂景])区|县|旗|市))?)'), '') || '****'
$$;

-- 出生日期 and other dates: the year.
CREATE OR REPLACE FUNCTION share.mask_date(value date) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$ SELECT to_char(value, 'YYYY') $$;

-- 坐标: to 0.01 degree, about a kilometre.
CREATE OR REPLACE FUNCTION share.mask_coordinate(value double precision) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT round(value::numeric, 2)::text $$;

-- 行政区划: the first 6 digits, the county.
CREATE OR REPLACE FUNCTION share.mask_division(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT left(value, 6) $$;

-- 银行账号 and other numbers: the last 4, and never more than a third.
CREATE OR REPLACE FUNCTION share.mask_identifier(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT '****' || right(value, least(4, length(value) / 3)) $$;

-- Free text: citizen IDs and mobile numbers written into it.
CREATE OR REPLACE FUNCTION share.mask_text(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT regexp_replace(
        regexp_replace(value, '(?<![0-9])([0-9]{6})[0-9]{8}([0-9]{3}[0-9Xx])(?![0-9Xx])', '\1********\2', 'g'),
        '(?<![0-9])(1[3-9][0-9])[0-9]{4}([0-9]{4})(?![0-9])', '\1****\2', 'g')
$$;

-- Everything else (codes, amounts, sensitive text): nothing but that there is a value.
CREATE OR REPLACE FUNCTION share.mask_all(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT '***' $$;
