a.name = b.name AND a.marks && b.marks
