SELECT {counts} FROM checked
