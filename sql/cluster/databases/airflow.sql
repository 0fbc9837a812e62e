CREATE DATABASE airflow OWNER airflow
