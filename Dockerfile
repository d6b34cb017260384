# To pin the base by its digest: `docker buildx imagetools inspect python:3.13-slim-bookworm` prints it; write it
# behind the name here, as python:3.13-slim-bookworm@sha256:…, since GitHub's runner builds without arguments.
# Another base: docker build --build-arg BASE=… (any Debian with ca-certificates and a Python >= 3.11 as python3).
ARG BASE=python:3.13-slim-bookworm

FROM ${BASE} AS git
WORKDIR /src
COPY scripts/image scripts/image
RUN scripts/image/gather-git /git

FROM ${BASE} AS build
WORKDIR /src
COPY requirements.txt requirements-build.txt ./
# Two environments: what builds the package stays in this stage, and so does pip. Nothing is compiled but what a run
# imports, by trim.py.
RUN python3 -m venv /build \
    && python3 -m venv --without-pip /opt/depcheck \
    && /build/bin/pip install --no-cache-dir --require-hashes --only-binary :all: \
        --requirement requirements-build.txt \
    && /build/bin/pip --python /opt/depcheck/bin/python install --no-cache-dir --no-compile --require-hashes \
        --only-binary :all: --requirement requirements.txt
COPY pyproject.toml README.md LICENSE entrypoint.py ./
COPY scripts/image scripts/image
COPY depcheck depcheck
RUN /build/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /build/bin/pip --python /opt/depcheck/bin/python install --no-cache-dir --no-compile --no-deps --no-index \
        /wheels/*.whl \
    && cp entrypoint.py /opt/depcheck/ \
    && /opt/depcheck/bin/python -P scripts/image/trim.py /bytecode \
    && chmod -R go+rX /opt/depcheck /bytecode

FROM ${BASE}
# git tells when the sources last changed, fetches requirements of git, and gives copies a history.
COPY --from=git /git /
COPY --from=build /bytecode /
RUN test -s /etc/ssl/certs/ca-certificates.crt \
    && git --version \
    && { /usr/lib/git-core/git-remote-http || test $? = 1; } \
    && groupadd --gid 64321 guest \
    && useradd --uid 64321 --gid 64321 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin guest \
    && install --directory --mode 0755 /var/cache/depcheck \
    && install --directory --mode 0711 /var/lib/depcheck
COPY --from=build /opt/depcheck /opt/depcheck
# The guest, who runs packages' code, gets none of these variables: its own come from an allow-list. What a run makes
# stands apart from /tmp, which is open to packages' code as a whole: so Landlock closes to it what it does not need.
# The cache is where a workflow can keep it: in the home that the runner mounts. What guests must read (compilers'
# environments, copies of interpreters) is in /var/cache/depcheck.
ENV TMPDIR=/var/lib/depcheck \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
# It starts as root, as the runner's files demand, and gives that up for each child. Exec form: a shell would lose
# the inputs with a hyphen. A cancel waits until it can be answered. -P: nothing of the workspace is on the import path.
ENTRYPOINT ["/usr/bin/env", "--block-signal=INT", "/opt/depcheck/bin/python", "-P", "/opt/depcheck/entrypoint.py"]
