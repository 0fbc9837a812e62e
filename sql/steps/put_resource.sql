INSERT INTO catalog.resource (id, department, title, title_en, classification, update_cycle, grace, mode, share_type)
VALUES (%(id)s, %(department)s, %(title)s, %(title_en)s, %(classification)s, %(update_cycle)s, %(grace)s, %(mode)s, %(share_type)s)
ON CONFLICT (id) DO UPDATE SET
    title = excluded.title, title_en = excluded.title_en, classification = excluded.classification,
    update_cycle = excluded.update_cycle, grace = excluded.grace, mode = excluded.mode, share_type = excluded.share_type,
    withdrawn_at = NULL;
