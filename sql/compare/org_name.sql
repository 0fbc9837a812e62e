regexp_replace(lower({a}), '[()（）·.,，、"“”''\s-]', '', 'g') = regexp_replace(lower({b}), '[()（）·.,，、"“”''\s-]', '', 'g')
