CREATE DATABASE shuyuan OWNER shuyuan_owner
