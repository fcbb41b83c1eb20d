# Lander in a container: gunicorn, an unprivileged user, /data as the only place that is written to.
FROM node:22-slim AS vendor
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund

FROM python:3.12-slim
RUN useradd --uid 10001 --home-dir /data --no-create-home lander && install -d -o 10001 -g 10001 /data
WORKDIR /app
COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY . .
COPY --from=vendor /build/node_modules/htmx.org/dist/htmx.min.js /build/node_modules/@picocss/pico/css/pico.min.css static/vendor/
RUN pip install --no-cache-dir --no-deps --editable .
USER 10001
ENV LANDER_DATA_DIR=/data PYTHONUNBUFFERED=1
VOLUME /data
EXPOSE 8000
# where the database is away or lost, what is published is served all the same; `serve` refuses what must not start
CMD ["sh", "-c", "lander migrate; exec lander serve --host 0.0.0.0 --port 8000"]
