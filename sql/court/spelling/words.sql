-- A text by its letters and digits alone: case, blanks, punctuation and character entities (all of them punctuation, also where the & of one
-- was itself written out) make no difference. C and C++ are two things.
nullif(regexp_replace(regexp_replace(lower({text}), '(&|and)(#\d+|amp|apos|quot|nbsp|lt|gt|reg|trade);', '', 'g'), '[^\pL\pN+#]+', '', 'g'), '')
