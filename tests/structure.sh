#!/bin/bash
# What the architecture promises about the code itself: who includes whom, that the core is pure, that the guard knows neither a
# network nor a simulation, that every driver has a transcript, and that functions stay small.
set -u
cd "$(dirname "$0")/.." || exit 1
# shellcheck source=tests/tap.sh
. tests/tap.sh
build=${CAREROOM_BUILD:-build}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# includes FOLDER ALLOWED: every project header included from the folder's files lies below one of the allowed folders
# (a regular expression). There must be files, or the rule says nothing.
includes() {
    local folder=$1 allowed=$2 files
    files=$(find "$folder" -name '*.[ch]' ! -path '*/sim/*' ! -name 'sim_*.c' ! -name 'main_sim.c' 2>/dev/null)
    [ -n "$files" ] || {
        echo "no files in $folder"
        return 1
    }
    # shellcheck disable=SC2086
    ! grep -nHE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' $files | grep -vE "\"($allowed)/[^\"]*\""
}

only_simulation_includes_simulation() {
    ! grep -rnE 'include "sensors/sim/' gateway sensors --include='*.[ch]' |
        grep -vE '^(sensors/sim/|gateway/guard/sim_[a-z_]*\.[ch]:|gateway/guard/main_sim\.c:)'
}

# The core linked with those files of common that it reaches, without the compiler's own additions: what is then still undefined
# is what it asks of the world.
core_is_pure() {
    local source object symbol parts added=yes undefined
    mkdir -p "$work/core" "$work/common"
    for source in gateway/core/*.c gateway/common/*.c; do
        object=$work/$(basename "$(dirname "$source")")/$(basename "$source" .c).o
        gcc -std=c17 -O2 -D_GNU_SOURCE -DCAREROOM_VERSION='""' -I. -fno-stack-protector -fno-pic -fno-pie -U_FORTIFY_SOURCE \
            -c -o "$object" "$source" || return 1
    done
    parts=("$work"/core/*.o)
    while [ -n "$added" ]; do
        added=
        ld -r -o "$work/core.o" "${parts[@]}" || return 1
        for symbol in $(nm -u "$work/core.o" | awk '{ print $2 }'); do
            for object in "$work"/common/*.o; do
                if nm --defined-only -g "$object" | grep -qE " $symbol\$" && [[ " ${parts[*]} " != *" $object "* ]]; then
                    parts+=("$object")
                    added=yes
                fi
            done
        done
    done
    has_symbol "$work/core.o" '^core_step$' || return 1
    undefined=$(nm -u "$work/core.o" | awk '{ print $2 }' | grep -vxE 'memcpy|memmove|memset|memcmp')
    [ -z "$undefined" ] || {
        echo "the core with ${parts[*]##*/} asks for: $undefined"
        return 1
    }
}

# The same look at something that is not pure must find it, or the look is blind.
purity_check_sees() {
    printf '#include <time.h>\nlong look(void);\nlong look(void) { return (long)time(0); }\n' >"$work/look.c"
    gcc -c -o "$work/look.o" "$work/look.c" && nm -u "$work/look.o" | grep -qw time
}

has_no_symbol() {
    local program=$1 pattern=$2
    nm "$program" | grep -q ' main$' || {
        echo "$program: no symbols to look at"
        return 1
    }
    ! nm "$program" | awk '{ print $NF }' | grep -E "$pattern"
}

has_symbol() {
    nm "$1" | awk '{ print $NF }' | grep -qE "$2"
}

has_no_word() {
    ! strings -a "$1" | grep -E "$2"
}

links_no() {
    local program=$1 pattern=$2 needed
    needed=$(readelf -d "$program" | grep NEEDED)
    [ -n "$needed" ] || return 1
    ! grep -E "$pattern" <<<"$needed" && ! ldd "$program" | grep -E "$pattern"
}

links() {
    readelf -d "$1" | grep NEEDED | grep -qE "$2"
}

# What the alarm thread asks of the register: hashing of libsodium, comparing, copying, and nothing that allocates or waits.
lookup_is_pure() {
    local undefined
    ld -r -o "$work/lookup.o" "$build"/obj/gateway/people/lookup.o "$build"/obj/gateway/people/card.o || return 1
    has_symbol "$work/lookup.o" '^people_table_find_card$' || return 1
    undefined=$(nm -u "$work/lookup.o" | awk '{ print $2 }' |
        grep -vxE 'crypto_auth_hmacsha256_(init|update|final)|sodium_memzero|mem(cpy|move|set|cmp|chr)|strcmp|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_')
    [ -z "$undefined" ] || {
        echo "looking people up asks for: $undefined"
        return 1
    }
}

# Every row of the driver and reader tables: a file tests/vectors/NAME.txt or NAME-….txt says which bytes give which readings.
every_part_has_a_transcript() {
    local names name bad=0
    # Only the tables are looked at; what drivers call may stay unresolved.
    gcc -std=c17 -D_GNU_SOURCE -I. -static -Wl,--unresolved-symbols=ignore-all -o "$work/parts" tests/structure/parts.c \
        "$build"/obj/sensors/drivers/*.o "$build"/obj/sensors/readers/*.o || return 1
    names=$("$work/parts")
    [ "$(wc -w <<<"$names")" -ge 3 ] || {
        echo "found only: $names"
        return 1
    }
    for name in $names; do
        compgen -G "tests/vectors/$name.txt" >/dev/null || compgen -G "tests/vectors/$name-*.txt" >/dev/null || {
            echo "$name has no transcript in tests/vectors"
            bad=1
        }
    done
    return $bad
}

# Functions begin with { and end with } in the first column (clang-format sees to it).
long_functions() {
    local limit=$1
    shift
    find "$@" -name '*.c' -exec awk -v limit="$limit" '
        /^\{/ { start = FNR }
        /^\}/ && start { if (FNR - start - 1 > limit) { print FILENAME ":" start ": " FNR - start - 1 " lines"; bad = 1 } start = 0 }
        END { exit bad }' {} +
}

long_files() {
    local limit=$1
    shift
    find "$@" -name '*.[ch]' -exec wc -l {} + | awk -v limit="$limit" '$2 != "total" && $1 > limit { print; bad = 1 } END { exit bad }'
}

no_floating_point() {
    ! grep -nwE 'float|double' gateway/core/*.[ch]
}

expect "core includes only core and common" includes gateway/core 'gateway/(core|common)'
expect "common includes only common" includes gateway/common 'gateway/common'
expect "journal includes only journal and common" includes gateway/journal 'gateway/(journal|common)'
expect "sensors include only sensors and common" includes sensors 'sensors|gateway/common'
expect "people include only people and common" includes gateway/people 'gateway/(people|common)'
expect "guard includes core, journal, people, sensors, common" \
    includes gateway/guard 'gateway/(guard|core|journal|people|common)|sensors(/bus|/drivers|/readers)?'
expect "uplink includes only journal and common" includes gateway/uplink 'gateway/(uplink|journal|common)'
expect "voice includes only common" includes gateway/voice 'gateway/(voice|common)'
expect "ctl includes only journal and common" includes gateway/ctl 'gateway/(ctl|journal|common)'
expect "only the simulation includes the simulation" only_simulation_includes_simulation
expect "the core is pure" core_is_pure
expect "the look at purity is not blind" purity_check_sees
expect "looking people up neither allocates nor waits" lookup_is_pure
for program in careroom-uplink careroomctl; do
    expect "$program has nothing of the register of people" has_no_symbol "$build/$program" '^people_(open|close|import_|table_)'
    expect "$program does not link libsodium" links_no "$build/$program" libsodium
done
expect "no floating point in the core" no_floating_point
expect "careroomd has no symbol of the simulation" has_no_symbol "$build/careroomd" '^sim_|_sim$|_sim_'
expect "careroomd-sim has them, so the look is not blind" has_symbol "$build/careroomd-sim" '^sim_build$'
expect "careroomd knows no word of it" has_no_word "$build/careroomd" '^sim-(set|line|badge|fault|outputs)$'
for program in careroomd careroomd-sim; do
    expect "$program knows no network" links_no "$build/$program" 'libmosquitto|libcurl|libmicrohttpd|libssl'
done
expect "careroom-uplink does, so the look is not blind" links "$build/careroom-uplink" libmosquitto
expect "careroomd-sim has no real lines" links_no "$build/careroomd-sim" libgpiod
expect "every driver and reader has a transcript" every_part_has_a_transcript
expect "functions of core and sensors: at most 60 lines" long_functions 60 gateway/core sensors
expect "functions elsewhere: at most 100 lines" long_functions 100 gateway tests
expect "files: at most 700 lines" long_files 700 gateway sensors
tap_end
