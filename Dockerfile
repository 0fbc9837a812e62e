# One image for every part of Airflow in the compose stack: the project and its pins, nothing that is secret.
FROM python:3.12-slim-bookworm

ENV PYTHONUNBUFFERED=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /opt/shuyuan

COPY requirements.txt requirements-celery.txt ./
RUN pip install -r requirements.txt -r requirements-celery.txt

# The code belongs to root and is read-only for the account that runs it.
COPY pyproject.toml ./
COPY shuyuan shuyuan
COPY expectations expectations
COPY sql sql
COPY plugins plugins
COPY dags dags
COPY catalog catalog
RUN pip install --no-deps -e . && python -m compileall -q shuyuan expectations dags plugins

# New volumes take over the owner of these directories.
RUN useradd --uid 50000 --gid 0 --no-create-home --home-dir /var/lib/shuyuan --shell /usr/sbin/nologin shuyuan \
    && mkdir -p /var/lib/shuyuan/airflow /var/lib/shuyuan/log /var/lib/shuyuan/docs \
        /var/lib/shuyuan/inbox /var/lib/shuyuan/archive /var/lib/shuyuan/lake \
    && chown -R 50000:0 /var/lib/shuyuan && chmod -R u=rwX,g=rX,o= /var/lib/shuyuan
USER 50000:0
ENV SHUYUAN_HOME=/var/lib/shuyuan AIRFLOW_HOME=/var/lib/shuyuan/airflow HOME=/tmp
CMD ["airflow", "version"]
