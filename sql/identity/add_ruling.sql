INSERT INTO ledger.link_ruling (link_id, verdict, ruled_by, reason)
VALUES (%(link_id)s, %(verdict)s, %(by)s, %(reason)s);
