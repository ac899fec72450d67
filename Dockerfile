# The platform in one image: `docker build -t qiantong . && docker run -p 8000:8000 -v qiantong:/data qiantong`.
# Node is needed only while the pages are built and comes as a Python package then.
FROM python:3.12-slim

RUN useradd --create-home --uid 10001 qiantong && install -d -o qiantong -g qiantong /data
WORKDIR /srv/qiantong

COPY requirements requirements
RUN pip install --no-cache-dir --require-hashes -r requirements/installer.txt \
    && uv pip install --system --no-cache --require-hashes -r requirements/runtime.txt -r requirements/build.txt

COPY . .
RUN uv pip install --system --no-cache --no-deps --no-build-isolation . \
    && uv pip uninstall --system hatchling editables \
    && rm -rf web/node_modules web/dist

USER qiantong
WORKDIR /data
VOLUME /data
EXPOSE 8000
ENTRYPOINT ["qiantong"]
CMD ["serve", "--host", "0.0.0.0"]
