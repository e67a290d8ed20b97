# syntax=docker/dockerfile:1
# One image for web, worker, beat and the set-up before them; docker-compose.yml says which command each of them runs.

FROM python:3.13-slim-trixie AS base
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1

FROM base AS build
WORKDIR /app
RUN python -m venv /opt/venv
COPY requirements.txt ./
RUN --mount=type=cache,target=/root/.cache/pip \
    pip install --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.txt
COPY . .
# The key and the address are for this command only: collecting uses neither, and neither stays in the image.
RUN SECRET_KEY=collectstatic DATABASE_URL=postgresql://nowhere/none python manage.py collectstatic --noinput \
    && python -m compileall -q /app
# What all this is made of, with hashes and licences.
RUN python -m config.bom --output /app/sbom.cdx.json

FROM base
RUN groupadd --system --gid 10001 cutscore \
    && useradd --system --uid 10001 --gid cutscore --no-create-home --home-dir /nonexistent cutscore \
    && install -d -o cutscore -g cutscore /srv/published/static
# Nobody has a home here: Matplotlib keeps its list of fonts where anything may be written.
ENV MPLCONFIGDIR=/tmp/matplotlib
WORKDIR /app
# Owned by root and never written at run time, so that the file system can be mounted read-only.
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
USER cutscore
EXPOSE 8000
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--http", "1", "--no-ws", \
     "--blocking-threads", "2", "--workers-kill-timeout", "10", "--respawn-failed-workers", "--log-level", "warning", \
     "config.wsgi:application"]
