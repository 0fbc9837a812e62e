a.name = b.name AND a.birth = b.birth AND a.marks && b.marks
