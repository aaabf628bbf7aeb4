#!/usr/bin/env bash
# Prepares the repository for the Makefile: `tools/setup.sh python [azurite] [kusto] [checkov] [supply_chain]`.
# Returns within milliseconds when everything is in place; tools/install.py does the work otherwise.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The stamp is written last by tools/install.py, so an interrupted set-up is never taken for a whole one.
is_ready() {
  case "$1" in
    python)
      [[ -x .venv/bin/python && -f .venv/setup-stamp ]] &&
        cmp -s requirements-dev.txt .venv/setup-stamp
      ;;
    azurite)
      cmp -s lab/azurite/package-lock.json lab/azurite/node_modules/setup-stamp
      ;;
    kusto)
      cmp -s tools/kusto/package-lock.json tools/kusto/node_modules/setup-stamp
      ;;
    checkov | supply_chain)
      [[ -x "tools/$1/.venv/bin/python" ]] &&
        cmp -s "tools/$1/requirements.txt" "tools/$1/.venv/setup-stamp"
      ;;
    *)
      echo "tools/setup.sh: unknown part '$1' (known: python, azurite, kusto, checkov, supply_chain)" >&2
      exit 2
      ;;
  esac
}

missing=()
for part in "$@"; do
  is_ready "$part" || missing+=("$part")
done
((${#missing[@]} == 0)) && exit 0

python="$(tools/find_python.sh)"
exec "$python" tools/install.py "${missing[@]}"
