-- Where a line of a batch stands in what the department sent: `part 2 (x_20261118_part2.csv) line 17`, or `line 17` of a delivery in one piece.
CREATE OR REPLACE FUNCTION ledger.place(batch bigint, line bigint) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        (
            SELECT format('part %s (%s) line %s', before.part, before.file_name, place.line - before.lines_before)
            FROM (
                SELECT part.part, part.file_name, part.lines,
                    coalesce(sum(part.lines) OVER (ORDER BY part.part ROWS UNBOUNDED PRECEDING EXCLUDE CURRENT ROW), 0) AS lines_before
                FROM ledger.part AS part WHERE part.batch_id = place.batch
            ) AS before
            WHERE place.line > before.lines_before AND place.line <= before.lines_before + before.lines
        ),
        format('line %s', place.line)
    )
$$;
GRANT EXECUTE ON FUNCTION ledger.place(bigint, bigint) TO shuyuan_loader, shuyuan_steward, shuyuan_auditor, shuyuan_web;
