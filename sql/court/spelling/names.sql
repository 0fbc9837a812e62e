-- A list of persons by the words of their names, in whatever order and with whatever separators; what stands in brackets is no name.
nullif(
    list_aggregate(
        list_sort(list_distinct(regexp_extract_all(
            regexp_replace(lower({text}), '[(\[][^)\]]*[)\]]?', ' ', 'g'), '\pL+'
        ))), 'string_agg', ' '
    ), ''
)
