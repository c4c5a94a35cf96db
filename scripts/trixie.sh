#!/bin/bash
# Debian 13: everything built with its compiler and its libraries, the unit tests, and the daemons with a broker there.
# Whatever this machine runs. The Debian is kept in ${XDG_CACHE_HOME:-~/.cache}/careroom/trixie. The last line is
# "N passed, N failed".
set -eu
cd "$(dirname "$0")/.."
. scripts/debian_root.sh

# shellcheck disable=SC2046 # one word a package
find_root trixie trixie "$(dpkg --print-architecture)" $(scripts/setup.sh list quick)
in_root scripts/check.sh quick
