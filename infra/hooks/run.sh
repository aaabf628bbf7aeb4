#!/usr/bin/env sh
# azd's hooks: `infra/hooks/run.sh before|permissions|connect`. Set-up and logic are in tools/provision.
set -eu
cd "$(dirname "$0")/../.."
tools/setup.sh python
exec .venv/bin/python -m tools.provision "$@"
