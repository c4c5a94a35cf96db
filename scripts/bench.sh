#!/bin/bash
# Build, then measure (tests/bench/bench.py). BENCH="latency journal" runs these parts alone.
set -eu
cd "$(dirname "$0")/.."
export BUILD=${BUILD:-build}
scripts/setup.sh demo
make --no-print-directory -s -j"$(nproc)" BUILD="$BUILD" all bench-tools >/dev/null
# shellcheck disable=SC2086 # a list of words
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 tests/bench/bench.py ${BENCH:-}
