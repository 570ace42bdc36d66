# The bot alone: without the local Discord's and the developers' dependencies.
# docker build -t mynah .     docker run --env-file .env -v mynah-data:/data mynah

FROM python:3.12-slim AS build
COPY . /src
RUN python -m venv /opt/mynah \
    && /opt/mynah/bin/pip install --no-cache-dir --disable-pip-version-check \
        -c /src/constraints.txt /src

FROM python:3.12-slim
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
