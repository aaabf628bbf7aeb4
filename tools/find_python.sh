#!/usr/bin/env bash
# Prints the path of a Python 3.13 that really runs, or says in one line how to get one (status 1).
set -uo pipefail

# A name on PATH proves nothing: a pyenv shim fails without its HOME, and Debian splits venv off.
works() {
  "$@" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info[:2] != (3, 13))' >/dev/null 2>&1
}

# The interpreter itself, also when the name leads into somebody's virtual environment.
real_path() {
  "$@" -c 'import sys; print(sys._base_executable)'
}

# Candidates, best first. A shim's own location leads to the versions beside it, whatever HOME is.
candidates() {
  local dir name
  [[ -n "${PYTHON:-}" ]] && echo "$PYTHON"
  while IFS= read -r dir; do
    [[ "$dir" == */shims ]] && compgen -G "${dir%/shims}/versions/3.13*/bin/python3.13"
    for name in python3.13 python3 python; do
      [[ -x "$dir/$name" ]] && echo "$dir/$name"
    done
  done < <(tr ':' '\n' <<<"$PATH")
  for dir in "${PYENV_ROOT:-}" "${HOME:-}/.pyenv"; do
    [[ -n "$dir" ]] && compgen -G "$dir/versions/3.13*/bin/python3.13"
  done
  compgen -G "${HOME:-}/.local/share/mise/installs/python/3.13*/bin/python3.13"
  compgen -G "/opt/homebrew/opt/python@3.13/bin/python3.13"
  compgen -G "/usr/local/opt/python@3.13/bin/python3.13"
  compgen -G "/Library/Frameworks/Python.framework/Versions/3.13/bin/python3.13"
  command -v uv >/dev/null && uv python find 3.13 2>/dev/null
  return 0
}

while IFS= read -r candidate; do
  if works "$candidate"; then
    real_path "$candidate"
    exit 0
  fi
done < <(candidates)

if command -v py >/dev/null && works py -3.13; then
  real_path py -3.13
  exit 0
fi

echo "Python 3.13 with venv was not found: install it (python.org, 'uv python install 3.13', 'pyenv install 3.13', or your system's python3.13 and python3.13-venv), or set PYTHON=/path/to/python3.13." >&2
exit 1
