# Sourced by the other scripts: an environment of the project's own, from its own lockfiles.
# Needs a Python >= 3.11 and a machine that reaches PyPI; nothing else of the machine has a say in it.

export PIP_CONFIG_FILE=/dev/null PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
unset PIP_FIND_LINKS PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_NO_INDEX PIP_REQUIRE_VIRTUALENV PIP_USER PIP_CONSTRAINT
unset PYTHONPATH PYTHONHOME VIRTUAL_ENV

# Trust whom this machine trusts: older releases of pip, requests and node bring their own lists.
for bundle in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem; do
  if [[ -f $bundle ]]; then
    for name in SSL_CERT_FILE PIP_CERT REQUESTS_CA_BUNDLE NODE_EXTRA_CA_CERTS; do
      [[ -n ${!name-} ]] || export "$name=$bundle"
    done
    break
  fi
done
unset bundle name

# The first Python >= 3.11 that starts and can make environments; PYTHON names another one.
find_python() {
  local python
  for python in ${PYTHON:+"$PYTHON"} python3.13 python3.12 python3.11 python3 \
    "$HOME"/.pyenv/versions/3.1[1-3]*/bin/python; do
    if "$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      "$python" -c 'import sys; print(sys.executable)'
      return
    fi
  done
  echo "No Python >= 3.11 was found on the PATH; install one, or name it: PYTHON=/path/to/python $0" >&2
  return 1
}

# make_environment FOLDER LOCKFILE...: made anew only when a lockfile or the interpreter changed. The build backend
# is in a lockfile too, so that nothing comes in without its hash.
make_environment() {
  _make_environment "$@"
}

# make_tools FOLDER LOCKFILE...: the same without this project.
make_tools() {
  without_project=yes _make_environment "$@"
}

_make_environment() {
  local folder=$1 python wanted lockfile
  shift
  python=$(find_python)
  wanted=$({
    "$python" --version && echo "$python" && pwd
    if [[ -z ${without_project-} ]]; then cat pyproject.toml; fi
    cat "$@"
  } | cksum)
  if [[ $(cat "$folder/made-from" 2>/dev/null) == "$wanted" ]]; then
    return
  fi
  echo "Making $folder with $("$python" --version) from $*"
  rm -rf "$folder"
  "$python" -m venv "$folder"
  local lockfiles=()
  for lockfile in "$@"; do lockfiles+=(-r "$lockfile"); done
  "$folder/bin/python" -m pip install --quiet --require-hashes --only-binary :all: "${lockfiles[@]}"
  if [[ -z ${without_project-} ]]; then
    "$folder/bin/python" -m pip install --quiet --no-deps --no-build-isolation --editable .
  fi
  echo "$wanted" >"$folder/made-from"
}
