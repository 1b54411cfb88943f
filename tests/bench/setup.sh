#!/bin/sh
# Installs what the speed table compares phantomrun with: nginx and wrk, and the peers in a folder
# of their own (PHANTOMRUN_BENCH_PEERS, by default phantomrun-bench in the user's cache).
#   setup.sh            everything
#   setup.sh --required nginx and wrk only: what the smoke mode needs
set -eu

peers=${PHANTOMRUN_BENCH_PEERS:-${XDG_CACHE_HOME:-$HOME/.cache}/phantomrun-bench}
wanted="nginx-light wrk"
[ "${1:-}" = --required ] || wanted="$wanted bubblewrap socat ripgrep"

missing=""
for package in $wanted; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
        missing="$missing $package"
done
if [ -n "$missing" ]; then
    # nginx must not start a service of its own on port 80: only the table's own instances run
    export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
    apt-get update -qq
    # shellcheck disable=SC2086
    apt-get install -y -qq --no-install-recommends $missing
fi
[ "${1:-}" = --required ] && exit 0

mkdir -p "$peers"
[ -x "$peers/venv/bin/python" ] || python3 -m venv "$peers/venv"
"$peers/venv/bin/pip" install --quiet aiohttp mitmproxy
npm install --prefix "$peers" --no-audit --no-fund --silent @anthropic-ai/sandbox-runtime
