# The page and its server. Only Python is needed to build it: Node comes from PyPI.
# For the CPU build of torch give the CPU index that PyTorch's start page names:
#   docker build --build-arg PIP_EXTRA_INDEX_URL=… -t unrolled .

FROM python:3.11-slim AS build
ARG PIP_EXTRA_INDEX_URL=""
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
COPY constraints.txt ./
RUN python -m venv --without-pip /opt/unrolled
RUN pip --python /opt/unrolled install --constraint constraints.txt torch
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY frontend frontend
COPY backend backend
RUN PIP_CONSTRAINT=/src/constraints.txt pip wheel --no-deps --wheel-dir /wheels .
RUN pip --python /opt/unrolled install --constraint constraints.txt /wheels/*.whl

FROM python:3.11-slim
RUN useradd --system --no-create-home --shell /usr/sbin/nologin unrolled
COPY --from=build /opt/unrolled /opt/unrolled
ENV PATH=/opt/unrolled/bin:$PATH PYTHONUNBUFFERED=1
USER unrolled
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
CMD ["unrolled", "serve", "--host", "0.0.0.0", "--port", "8000", "--no-browser"]
