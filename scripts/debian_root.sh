# shellcheck shell=bash
# To be sourced: a Debian of its own in a folder, made once with mmdebstrap and kept outside the tree, and commands that run in
# it on a copy of the tree. As root: it mounts and changes root, in a name space of its own, so that nothing stays behind.

roots=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/careroom
inside=/src/careroom # where the copy of the tree is

root_fail() {
    echo "$(basename "$0"): $1" >&2
    echo "0 passed, 1 failed"
    exit 1
}

# debian_repository LABEL: where this machine's apt gets Debian from.
debian_repository() {
    # shellcheck disable=SC2016 # apt's own fields
    apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' |
        awk -v label="$1" '$1 == label { print $2; exit }'
}

# The settings of this machine's apt that decide whether and how a repository is reached.
apt_settings() {
    local name value
    for name in Acquire::http::Proxy Acquire::https::Proxy Acquire::Check-Valid-Until Acquire::Check-Date; do
        value=
        eval "$(apt-config shell value "$name")"
        [ -z "$value" ] || printf -- '--aptopt=%s "%s"\n' "$name" "$value"
    done
}

# sources SUITE: lines of a sources.list, from the repositories that this machine uses.
sources() {
    local main security
    main=$(debian_repository Debian)
    if [ -z "$main" ]; then
        apt-get -q update >&2
        main=$(debian_repository Debian)
    fi
    [ -n "$main" ] || return 1
    echo "deb $main $1 main"
    echo "deb $main $1-updates main"
    security=$(debian_repository Debian-Security)
    [ -z "$security" ] || echo "deb $security $1-security main"
}

# make_root FOLDER SUITE ARCHITECTURES PACKAGES: complete or not there.
make_root() {
    local folder=$1 suite=$2 architectures=$3 packages=$4 list started=$SECONDS settings
    list=$(sources "$suite") || root_fail "apt knows of no Debian repository"
    mapfile -t settings < <(apt_settings)
    echo "making a Debian $suite ($architectures) in $folder, once; this takes some minutes" >&2
    rm -rf "${folder%-*}"-*
    mkdir -p "$(dirname "$folder")"
    mmdebstrap --quiet --mode=root --variant=minbase --architectures="$architectures" --include="$packages" \
        --aptopt='APT::Install-Recommends "false"' "${settings[@]}" \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' \
        "$suite" "$folder.new" - <<<"$list" >&2 || root_fail "mmdebstrap could not make a Debian $suite"
    rm -rf "$folder.new/var/cache/apt/archives" "$folder.new/var/lib/apt/lists"
    mkdir -p "$folder.new/var/cache/apt/archives/partial" "$folder.new/var/lib/apt/lists/partial" "$folder.new$inside"
    mv "$folder.new" "$folder"
    echo "made in $((SECONDS - started)) s, $(du -sm "$folder" | cut -f 1) MB" >&2
}

# find_root NAME SUITE ARCHITECTURES PACKAGE…: sets root to such a Debian, which is made where there is none. Another one makes
# it anew when what is asked for has changed; remove the folder to have newer packages.
find_root() {
    local name=$1 suite=$2 architectures=$3 packages digest
    shift 3
    packages=$(tr ' ' '\n' <<<"$*" | sort -u | grep . | paste -sd ,)
    digest=$(sha256sum <<<"$suite $architectures $packages" | cut -c 1-12)
    [ "$(id -u)" -eq 0 ] || root_fail "a Debian in a folder is made and entered by root only: use sudo"
    scripts/setup.sh roots || root_fail "mmdebstrap can't be installed"
    mkdir -p "$roots/$name"
    root=$roots/$name/root-$digest
    exec 9>"$roots/$name/lock"
    if ! [ -d "$root" ]; then
        flock 9 # one makes it, others wait for it
        [ -d "$root" ] || make_root "$root" "$suite" "$architectures" "$packages"
    fi
    flock --shared 9 # nobody makes it anew while it is in use
}

# in_root COMMAND ARGUMENT…: in the root, in a copy of the tree that is forgotten afterwards, with the machine's devices and
# processes of its own.
in_root() {
    # shellcheck disable=SC2016 # expanded by the inner shell
    tar --exclude=./build --exclude=./.git -cf - . |
        unshare --mount --pid --ipc --uts --fork --kill-child bash -euc '
            root=$1 inside=$2
            shift 2
            mount --rbind /dev "$root/dev"
            mount --rbind /sys "$root/sys"
            mount -t proc proc "$root/proc"
            for folder in /tmp /run "$inside"; do mount -t tmpfs tmpfs "$root$folder"; done
            tar -xf - -C "$root$inside"
            exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
                sh -c "cd \"\$0\" && exec \"\$@\"" "$inside" "$@"' in_root "$root" "$inside" "$@"
}
