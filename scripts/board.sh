#!/bin/bash
# The programs on a real kernel in an emulator, and power cuts: installs what is missing, builds, runs tests/board/run.py.
# `board.sh chain|power` runs one part; `board.sh kernel` only makes the kernel and says where it is.
#
# BOARD_KERNEL=FILE    a ready bzImage; without it one is built from Debian's source once, and kept outside the tree. What a
#                      ready one lacks is skipped, and said so
# BOARD_CUTS=N         power cuts (100); BOARD_SEED=N repeats the moments of an earlier run
#
# The last line is "N passed, N failed".
set -eu
cd "$(dirname "$0")/.."

build=${BUILD:-build}
fragment=tests/board/kernel.config
cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/careroom/board
work=

fail() {
    echo "board.sh: $1" >&2
    echo "0 passed, 1 failed"
    exit 1
}

# The newest source package that is installed: its name, which says its version too.
source_package() {
    dpkg-query -W -f '${db:Status-Status} ${Package} ${Version}\n' 'linux-source-[0-9]*' 2>/dev/null |
        sed -n 's/^installed //p' | sort -V | tail -n 1
}

# Everything that the fragment asks for must have survived what depends on what.
check_config() {
    local missing
    missing=$(grep '^CONFIG_' "$fragment" | grep -vxFf "$1" || true)
    [ -z "$missing" ] || fail "the kernel's configuration does not take: $(tr '\n' ' ' <<<"$missing")"
}

build_kernel() {
    local archive=/usr/src/$1.tar.xz log started=$SECONDS
    [ -r "$archive" ] || fail "$archive is missing"
    work=$(mktemp -d "${TMPDIR:-/tmp}/careroom-kernel-XXXXXX")
    trap 'rm -rf "$work"' EXIT
    log=$work/log
    echo "board: building a kernel from $archive, once; this takes some ten minutes" >&2
    tar -C "$work" --strip-components=1 -xf "$archive"
    {
        make -C "$work" tinyconfig
        (cd "$work" && scripts/kconfig/merge_config.sh -m .config "$OLDPWD/$fragment")
        make -C "$work" olddefconfig
    } >"$log" 2>&1 || { tail -n 30 "$log" >&2 && fail "the kernel can't be configured"; }
    check_config "$work/.config"
    make -C "$work" -j"$(nproc)" bzImage >"$log" 2>&1 || { tail -n 30 "$log" >&2 && fail "the kernel can't be built"; }
    # Complete or not there.
    cp "$work/arch/x86/boot/bzImage" "$2.new"
    mv "$2.new" "$2"
    rm -rf "$work"
    trap - EXIT
    echo "board: built in $((SECONDS - started)) s" >&2
}

# Sets kernel: the ready one, or the one of this source version and this configuration.
find_kernel() {
    local package version
    kernel=${BOARD_KERNEL:-}
    if [ -n "$kernel" ]; then
        [ -r "$kernel" ] || fail "BOARD_KERNEL=$kernel can't be read"
        return
    fi
    scripts/setup.sh kernel || fail "what a kernel is built with can't be installed"
    read -r package version < <(source_package) || fail "no linux-source package is installed"
    mkdir -p "$cache"
    kernel=$cache/bzImage-$version-$(sha256sum "$fragment" | cut -c 1-12)
    exec 9>"$cache/lock"
    flock 9 # one builds, others wait for it
    export BOARD_WHOLE=1
    [ -s "$kernel" ] || build_kernel "$package" "$kernel"
    exec 9>&-
}

[ "$(uname -m)" = x86_64 ] || fail "the board is emulated on x86-64 only, so far"
scripts/setup.sh board || fail "what the board needs can't be installed"
find_kernel
if [ "${1:-}" = kernel ]; then
    echo "$kernel"
    exit 0
fi
log=$(mktemp)
make -j"$(nproc)" BUILD="$build" board-parts >"$log" 2>&1 || { tail -n 40 "$log" >&2 && rm -f "$log" && fail "the programs can't be built"; }
rm -f "$log"
export BOARD_KERNEL=$kernel CAREROOM_BUILD=$PWD/$build PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python3 tests/board/run.py "$@"
