#!/bin/bash
# 64-bit ARM, as on a Raspberry Pi: everything cross-built with Debian 13's compiler and libraries (ARM64_SUITE=bookworm: with
# Debian 12's), the unit tests run by qemu. The Debian with the cross-compiler is kept in ${XDG_CACHE_HOME:-~/.cache}/careroom/.
# The last line is "N passed, N failed".
set -eu
cd "$(dirname "$0")/.."
. scripts/debian_root.sh

suite=${ARM64_SUITE:-trixie}
native=$(dpkg --print-architecture)
[ "$native" != arm64 ] || root_fail "this machine is 64-bit ARM itself: make check is what you want"
# shellcheck disable=SC2046 # one word a package
find_root "arm64-$suite" "$suite" "$native,arm64" $(scripts/setup.sh list arm64)
in_root scripts/check.sh arm64
