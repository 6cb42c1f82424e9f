# Web and engine, or with `whence worker` the jobs, in one container. Publish its port on the host's loopback only, or
# set WHENCE_AUTH.

FROM python:3.11-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
RUN python -m venv /opt/whence && /opt/whence/bin/pip install --upgrade 'pip>=25.1'
COPY requirements/constraints.txt requirements/
# PyPI's torch for Linux brings gigabytes of CUDA: name PyTorch's index of CPU wheels with --build-arg TORCH_INDEX=...
# Another index has other builds: TORCH_BUILD=cu130 beside it.
ARG TORCH_INDEX=
ARG TORCH_BUILD=cpu
RUN version=$(sed -n 's/^torch==//p' requirements/constraints.txt) \
    && /opt/whence/bin/pip install -c requirements/constraints.txt \
      ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} "torch==$version${TORCH_INDEX:++$TORCH_BUILD}"
COPY pyproject.toml README.md LICENSE ./
COPY app app
COPY explainers explainers
COPY templates templates
COPY static static
# EXTRAS=ray for a machine of a Ray cluster.
ARG EXTRAS=
RUN /opt/whence/bin/pip install -c requirements/constraints.txt ".${EXTRAS:+[$EXTRAS]}"

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin whence \
    && install -d -o whence -g whence -m 700 /data
COPY --from=build /opt/whence /opt/whence
ENV PATH=/opt/whence/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HF_HUB_OFFLINE=1 \
    WHENCE_CONTAINER=true \
    WHENCE_DATA=/data
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/livez', timeout=4)"]
CMD ["whence", "serve", "--host", "0.0.0.0"]
