#!/bin/sh
# Install what is missing on Debian 12 or 13 or Raspberry Pi OS. Says nothing and touches nothing where all is there.
# `setup.sh list WHAT` only names the packages.
set -eu

for_demo="gcc make pkg-config libgpiod-dev libevdev-dev libasound2-dev libsndfile1-dev libmosquitto-dev libsqlite3-dev libjansson-dev libyaml-dev libsystemd-dev libssl-dev
    libsodium-dev mosquitto mosquitto-clients procps python3"
for_quick="$for_demo libcmocka-dev python3-pytest python3-paho-mqtt openssl sqlite3 e2fsprogs mount tzdata espeak-ng"
for_check="$for_quick clang clang-format systemd udev binutils util-linux"
for_board="$for_demo qemu-system-x86 busybox-static nbdkit nbdkit-plugin-dev libfuse3-dev e2fsprogs python3-paho-mqtt binutils"
for_fuzz="$for_demo clang libclang-rt-dev"
for_kernel="gcc make linux-source flex bison bc libelf-dev libssl-dev xz-utils cpio util-linux"
for_roots="mmdebstrap debian-archive-keyring util-linux"
for_arm64="gcc-aarch64-linux-gnu libc6-dev:arm64 make pkgconf:arm64 qemu-user"
for package in $for_quick; do
    case $package in lib*-dev) for_arm64="$for_arm64 $package:arm64" ;; esac
done

refuse() {
    echo "setup.sh: $1" >&2
    exit 1
}

# What for: building and the demo; unit tests and a few between processes; all tests; the emulated board; its kernel; the
# fuzzers; other Debians in folders; cross-building, inside one of them.
packages_for() {
    case "$1" in
    demo) echo "$for_demo" ;;
    quick) echo "$for_quick" ;;
    check) echo "$for_check" ;;
    board) echo "$for_board" ;;
    kernel) echo "$for_kernel" ;;
    fuzz) echo "$for_fuzz" ;;
    roots) echo "$for_roots" ;;
    arm64) echo "$for_arm64" ;;
    *) refuse "usage: setup.sh [list] demo|quick|check|board|kernel|fuzz|roots|arm64" ;;
    esac
}

if [ "${1:-}" = list ]; then
    packages_for "${2:-}"
    exit
fi
packages=$(packages_for "${1:-}")

[ -r /etc/os-release ] || refuse "this is no Debian: /etc/os-release is missing. Debian 12 or 13 or Raspberry Pi OS is needed."
# shellcheck source=/dev/null
. /etc/os-release
case "${ID:-}:${VERSION_ID:-}" in
debian:12 | debian:13 | raspbian:12 | raspbian:13) ;;
*) refuse "Debian 12 or 13 or Raspberry Pi OS is needed; this is ${PRETTY_NAME:-unknown}." ;;
esac

missing=
for package in $packages; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

root=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || refuse "these packages are missing and there is no sudo to install them:$missing"
    root=sudo
fi
echo "setup: installing$missing"
apt() {
    $root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 "$@"
}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# The list of packages may be old or missing; the output matters only when something goes wrong.
# shellcheck disable=SC2086
if ! { apt update && apt install --no-install-recommends $missing; } >"$log" 2>&1; then
    cat "$log" >&2
    refuse "apt-get could not install:$missing"
fi
