# The bot alone: without the local Discord's and the developers' dependencies.
# docker build -t mynah .     docker run --env-file .env -v mynah-data:/data mynah

# Python 3.12.15. The digest covers all of the image's architectures; a tag may change under a build.
ARG PYTHON=python:3.12-slim@sha256:dddfd7e07f9d15aeeca61529320492139d21cac7f0070c00609243e51e4e0016

FROM ${PYTHON} AS build
COPY requirements.txt /src/
RUN python -m venv /opt/mynah \
    && /opt/mynah/bin/pip install --no-cache-dir --disable-pip-version-check \
        --require-hashes --only-binary=:all: -r /src/requirements.txt
COPY . /src
RUN /opt/mynah/bin/pip install --no-cache-dir --disable-pip-version-check \
        --no-deps --no-build-isolation /src

FROM ${PYTHON}
# A fixed id, so that a volume keeps its owner when the image is built again.
RUN groupadd --gid 10001 mynah \
    && useradd --uid 10001 --gid mynah --no-create-home --home-dir /data \
        --shell /usr/sbin/nologin mynah \
    && install -d -o mynah -g mynah -m 0700 /data /references
COPY --from=build /opt/mynah /opt/mynah
ENV PATH=/opt/mynah/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MYNAH_DATA_DIR=/data \
    MYNAH_REFERENCES_DIR=/references
USER 10001:10001
WORKDIR /opt/mynah
VOLUME ["/data", "/references"]
# The exec form: SIGTERM reaches the bot, which leaves its channels in under 5 seconds.
ENTRYPOINT ["mynah"]
CMD ["run"]
