suffix(regexp_replace({a}, '[\s,，。.()（）#-]', '', 'g'), regexp_replace({b}, '[\s,，。.()（）#-]', '', 'g'))
OR suffix(regexp_replace({b}, '[\s,，。.()（）#-]', '', 'g'), regexp_replace({a}, '[\s,，。.()（）#-]', '', 'g'))
