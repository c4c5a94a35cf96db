#!/bin/bash
# Units, users, folders and device rules as `make install` lays them down, judged by systemd's own tools in a folder that
# stands for a machine's root. Needs no running service manager.
set -u
cd "$(dirname "$0")/.." || exit 1
# shellcheck source=tests/tap.sh
. tests/tap.sh
build=${CAREROOM_BUILD:-build}
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

units="careroomd.service careroom-uplink.service careroom-voice.service"
system_units=/usr/lib/systemd/system
[ -d $system_units ] || system_units=/lib/systemd/system

# The targets that every unit stands on come from this machine; everything of careroom's from make install.
mkdir -p "$root/usr/lib/systemd" "$root/etc"
cp -a "$system_units" "$root/usr/lib/systemd/system"

installed() {
    local path
    for path in bin/careroomd bin/careroom-uplink bin/careroom-voice bin/careroomctl lib/systemd/system/careroomd.service \
        lib/systemd/system/careroom-uplink.service lib/sysusers.d/careroom.conf lib/tmpfiles.d/careroom.conf \
        lib/udev/rules.d/60-careroom.rules lib/modules-load.d/careroom.conf share/doc/careroom/LICENSE \
        share/doc/careroom/README.md share/doc/careroom/examples/careroom.yaml; do
        [ -f "$root/usr/$path" ] || {
            echo "missing: /usr/$path"
            return 1
        }
    done
}

no_simulation() {
    ! find "$root" -name '*sim*' -path '*careroom*' | grep .
}

elsewhere() {
    local other=$root/elsewhere
    make -s install BUILD="$build" DESTDIR="$other" PREFIX=/opt/careroom &&
        grep -q '^ExecStart=/opt/careroom/bin/careroomd ' "$other/opt/careroom/lib/systemd/system/careroomd.service" &&
        rm -rf "$other"
}

# A bound on systemd's own measure of exposure, in tenths: 0 is a sealed box, 100 an open one.
exposure() {
    systemd-analyze security --root="$root" --offline=true --no-pager --threshold="$2" "$1"
}

has_line() {
    grep -qx -- "$2" "$root/usr/lib/systemd/system/$1"
}

# What verify calls well must be able to be called ill, or it is no check.
verify_notices() {
    local ill=$root/usr/lib/systemd/system/ill.service
    sed 's/^WatchdogSec=/WatchdogSek=/' "$root/usr/lib/systemd/system/careroomd.service" >"$ill"
    silent systemd-analyze --root="$root" verify ill.service >/dev/null
    local noticed=$?
    rm -f "$ill"
    [ $noticed -ne 0 ]
}

owner() {
    local uid
    uid=$(awk -F: -v name="$2" '$1 == name { print $3 }' "$root/etc/passwd")
    if [ -z "$uid" ] || [ "$(stat -c '%u %a' "$root$1")" != "$uid $3" ]; then
        stat -c '%n %u %a' "$root$1"
        return 1
    fi
}

member() {
    awk -F: -v group="$1" '$1 == group { print $4 }' "$root/etc/group" | tr ',' '\n' | grep -qx "$2"
}

expect "make install into a folder" make -s install BUILD="$build" DESTDIR="$root" PREFIX=/usr
expect "all that belongs on a board is there" installed
expect "nothing of the simulation is installed" no_simulation
expect "another PREFIX reaches the units" elsewhere
for unit in $units; do
    expect_silence "systemd-analyze verify $unit" systemd-analyze --root="$root" verify "$unit"
done
expect "verify notices a misspelt key" verify_notices
expect "exposure of the guard at most 2.0" exposure careroomd.service 20
expect "exposure of the uplink at most 1.8" exposure careroom-uplink.service 18
expect "exposure of the voice at most 2.0" exposure careroom-voice.service 20
for unit in $units; do
    # A voice that nobody configured ends well and stays so; all else comes back, whatever it ended with.
    case $unit in careroom-voice.service) restart=on-failure ;; *) restart=always ;; esac
    for line in Type=notify "Restart=$restart" RestartSec=200ms StartLimitIntervalSec=0 ProtectSystem=strict NoNewPrivileges=yes \
        CapabilityBoundingSet= MemoryDenyWriteExecute=yes DevicePolicy=closed; do
        expect "$unit: $line" has_line "$unit" "$line"
    done
done
expect "the guard has no network" has_line careroomd.service PrivateNetwork=yes
expect "the guard has no internet sockets" has_line careroomd.service RestrictAddressFamilies=AF_UNIX
if [ "$(id -u)" -eq 0 ]; then
    expect "systemd-sysusers makes the users" systemd-sysusers --root="$root" careroom.conf
    expect "the guard may use GPIO and I2C" member gpio careroom
    expect "the uplink reads the journal as a member of the guard's group" member careroom careroom-uplink
    expect "systemd-tmpfiles makes the folders" systemd-tmpfiles --root="$root" --create careroom.conf
    expect "the state is the guard's" owner /var/lib/careroom careroom 750
    expect "the cursors are the uplink's" owner /var/lib/careroom/uplink careroom-uplink 750
    expect "a second run changes nothing" systemd-tmpfiles --root="$root" --create careroom.conf
fi
if udevadm verify --help >/dev/null 2>&1; then
    expect "udevadm verify" udevadm verify "$root/usr/lib/udev/rules.d/60-careroom.rules"
fi
tap_end
