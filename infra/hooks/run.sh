#!/usr/bin/env sh
# azd's hooks: `infra/hooks/run.sh STEP`. Set-up and steps are in tools/setup.sh and tools/provision.
set -eu
cd "$(dirname "$0")/../.."
tools/setup.sh python
exec .venv/bin/python -m tools.provision "$@"
