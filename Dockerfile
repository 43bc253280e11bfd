# The image of a run: what runs in it is requirements.txt and the folders named below (see .dockerignore).
# The tag names the full version; to pin it for good, add its digest: docker buildx imagetools inspect <image>.
FROM python:3.11.13-slim-bookworm

LABEL org.opencontainers.image.title="chicago-crime" \
      org.opencontainers.image.description="Keeps a PostgreSQL warehouse equal to the City of Chicago's crime record" \
      org.opencontainers.image.licenses="MIT"

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PREFECT_HOME=/home/loader/.prefect \
    PROJECT_FOLDER=/app \
    REQUIRE_SERVER=1 \
    PREFECT_SERVER_ALLOW_EPHEMERAL_MODE=false \
    PREFECT_FLOW_RUN_EXECUTE_SIGTERM_BEHAVIOR=reschedule
# The two of Prefect: no command starts a server of its own where none is named; and SIGTERM reaches the run. The first
# process of a container ignores a signal that it does not ask for, which Prefect's does only when it is told to: the run
# would go on until it is killed. So it rolls back, closes as stopped, and the worker starts it again.

# A fixed id, for volumes and policies that name it.
RUN groupadd --gid 10001 loader \
    && useradd --uid 10001 --gid loader --create-home --shell /usr/sbin/nologin loader

WORKDIR /app

# Packages change seldom and code often: this layer is made anew only when requirements.txt changes.
COPY requirements.txt ./
RUN pip install --no-deps --requirement requirements.txt

# Code belongs to root: a run reads it and writes nothing here.
COPY data/ data/
COPY sql/ sql/
COPY tasks/ tasks/
COPY flows/ flows/
RUN python -m compileall -q flows tasks

USER 10001:10001
CMD ["python", "flows/main.py"]
