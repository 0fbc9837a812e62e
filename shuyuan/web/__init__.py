"""The console and the query service: FastAPI, server-rendered pages. Knows no Airflow: whoever mounts it says who is there."""

from shuyuan.web.app import create_app

__all__ = ["create_app"]
