-- Of a line that could not be read only its words are known. Who stands in one is not gone: a broken line is no deletion.
DELETE FROM delta
WHERE _change = 'D' AND upper(split_part(_key, chr(31), 1)) IN (SELECT word FROM unread)
