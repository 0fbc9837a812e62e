INSERT INTO catalog.department (id, title, title_en, contact)
VALUES (%(id)s, %(title)s, %(title_en)s, %(contact)s)
ON CONFLICT (id) DO UPDATE SET title = excluded.title, title_en = excluded.title_en, contact = excluded.contact;
