-- The registers side by side: the register's values, of the others' claims only those that disagree, and which pairs were compared.
SELECT {register}.id_no, {values}, {claims}{compared}
FROM {joined}
