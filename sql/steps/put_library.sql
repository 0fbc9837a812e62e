INSERT INTO catalog.library (id, title, title_en, kind, lead, key_name)
VALUES (%(id)s, %(title)s, %(title_en)s, %(kind)s, %(lead)s, %(key_name)s)
ON CONFLICT (id) DO UPDATE SET
    title = excluded.title, title_en = excluded.title_en, kind = excluded.kind, lead = excluded.lead, key_name = excluded.key_name;
