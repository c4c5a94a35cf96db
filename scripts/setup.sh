#!/bin/sh
# Install what is missing on Debian 12 or 13 or Raspberry Pi OS: `setup.sh demo` for building and the demo, `setup.sh check`
# for the tests too, `setup.sh board` for the emulated board, `setup.sh fuzz` for the fuzzers, `setup.sh kernel` for building its kernel. Says nothing and
# touches nothing where all is there.
set -eu

for_demo="gcc make pkg-config libgpiod-dev libevdev-dev libmosquitto-dev libsqlite3-dev libjansson-dev libyaml-dev libsystemd-dev libssl-dev
    mosquitto mosquitto-clients procps python3"
for_check="$for_demo clang clang-format libcmocka-dev python3-pytest python3-paho-mqtt systemd udev openssl e2fsprogs mount
    binutils util-linux sqlite3 tzdata"
for_board="$for_demo qemu-system-x86 busybox-static nbdkit nbdkit-plugin-dev libfuse3-dev e2fsprogs python3-paho-mqtt binutils"
for_fuzz="$for_demo clang libclang-rt-dev"
for_kernel="gcc make linux-source flex bison bc libelf-dev libssl-dev xz-utils cpio util-linux"

refuse() {
    echo "setup.sh: $1" >&2
    exit 1
}

case "${1:-}" in
demo) packages=$for_demo ;;
check) packages=$for_check ;;
board) packages=$for_board ;;
fuzz) packages=$for_fuzz ;;
kernel) packages=$for_kernel ;;
*) refuse "usage: setup.sh demo|check|board|fuzz|kernel" ;;
esac

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
