#!/bin/bash
# Every test that needs no board. `check.sh` runs all; `check.sh unit|asan|integration|systemd|structure` one part. For other
# Debians (trixie.sh, arm64.sh): `check.sh quick`, unit tests and smoke from the line to the operator; `check.sh arm64`, unit
# tests that are cross-built.
# The last line is "N passed, N failed": test functions and checks, added up over all suites. A program that crashes, hangs or
# says nothing counts as failed. Exit status 0 only where nothing failed.
# shellcheck disable=SC2317 # the parts are called by name
set -u
cd "$(dirname "$0")/.." || exit 1

jobs=$(nproc)
python=/usr/bin/python3 # Debian's own: the one that python3-pytest and python3-paho-mqtt are for
unit_timeout=180
script_timeout=300
integration_timeout=900
logs=build/check
passed=0
failed=0
suites=()

# record SUITE PASSED FAILED: a suite's figures. One that executed nothing has failed.
record() {
    local suite=$1 good=$2 bad=$3
    if [ $((good + bad)) -eq 0 ]; then
        echo "$suite: executed nothing"
        bad=1
    fi
    passed=$((passed + good))
    failed=$((failed + bad))
    suites+=("$(printf '%-44s %5d passed %5d failed' "$suite" "$good" "$bad")")
    echo "== $suite: $good passed, $bad failed"
}

# run_tap SUITE TIMEOUT COMMAND…: a program that speaks TAP (cmocka, tests/*.sh). Adds to good and bad of the caller.
# What it promised and did not deliver, an exit status without a failed test, and a missing plan are failures too.
run_tap() {
    local name=$1 limit=$2 log status ok not_ok skipped plan here
    shift 2
    log=$logs/$(tr '/ ' '__' <<<"$name").log
    CMOCKA_MESSAGE_OUTPUT=TAP timeout --kill-after=5 "$limit" "$@" >"$log" 2>&1 </dev/null
    status=$?
    ok=$(grep -E '^ok [0-9]+' "$log" | grep -cviE '# *skip')
    skipped=$(grep -E '^ok [0-9]+' "$log" | grep -ciE '# *skip')
    not_ok=$(grep -cE '^not ok [0-9]+' "$log")
    plan=$(sed -nE 's/^1\.\.([0-9]+).*/\1/p' "$log" | awk '{ sum += $1 } END { print sum + 0 }')
    here=$not_ok
    if [ $((ok + skipped + not_ok)) -lt "$plan" ]; then
        here=$((here + plan - ok - skipped - not_ok))
    fi
    if [ "$here" -eq 0 ] && { [ "$status" -ne 0 ] || [ "$plan" -eq 0 ]; }; then
        here=1
    fi
    if [ "$here" -ne 0 ]; then
        [ "$status" -eq 124 ] && echo "$name: not done after $limit s"
        echo "-- $name: exit status $status, $ok passed, $here failed; its last lines:"
        tail -n 40 "$log" | sed 's/^/   /'
    fi
    [ "$skipped" -eq 0 ] || echo "   $name: $skipped skipped"
    good=$((good + ok))
    bad=$((bad + here))
}

# build WHAT ARGUMENT…: one make run; counted as one check, since a tree that does not compile passes nothing.
build() {
    local what=$1 log
    shift
    log=$logs/build_$(tr '/ ' '__' <<<"$what").log
    if make -k -j"$jobs" "$@" >"$log" 2>&1; then
        record "build: $what" 1 0
    else
        grep -E ': (fatal )?error:|\*\*\* |undefined reference' "$log" | head -n 40
        record "build: $what" 0 1
        return 1
    fi
}

# unit_tests SUITE FOLDER [EMULATOR…]
unit_tests() {
    local suite=$1 folder=$2 source program good=0 bad=0
    shift 2
    for source in tests/unit/test_*.c; do
        program=$folder/tests/$(basename "$source" .c)
        if [ -x "$program" ]; then
            run_tap "$suite $(basename "$program")" $unit_timeout "$@" "$program"
        else
            echo "-- $program was not built"
            bad=$((bad + 1))
        fi
    done
    record "$suite" "$good" "$bad"
}

script() {
    local suite=$1 good=0 bad=0
    shift
    run_tap "$suite" $script_timeout "$@"
    record "$suite" "$good" "$bad"
}

# count_junit FILE: "passed failed skipped" out of pytest's own report.
count_junit() {
    $python - "$1" <<'PY'
import sys
import xml.etree.ElementTree as tree
total = failed = skipped = 0
for suite in tree.parse(sys.argv[1]).getroot().iter("testsuite"):
    total += int(suite.get("tests"))
    failed += int(suite.get("failures")) + int(suite.get("errors"))
    skipped += int(suite.get("skipped"))
print(max(0, total - failed - skipped), failed, skipped)
PY
}

# integration SUITE FOLDER ARGUMENT…: pytest against the programs of one build folder.
integration() {
    local suite=$1 folder=$2 report status figures good bad skipped
    shift 2
    report=$logs/$(tr '/ ' '__' <<<"$suite").xml
    rm -f "$report"
    CAREROOM_BUILD=$PWD/$folder PYTHONDONTWRITEBYTECODE=1 timeout --kill-after=10 $integration_timeout \
        $python -m pytest -p no:cacheprovider -q -ra --durations=5 --junitxml="$report" "$@" </dev/null
    status=$?
    if [ -f "$report" ] && figures=$(count_junit "$report"); then
        read -r good bad skipped <<<"$figures"
    else
        good=0 bad=1 skipped=0
        echo "-- $suite: no report; exit status $status"
    fi
    [ "$status" -ne 0 ] && [ "$bad" -eq 0 ] && bad=1
    [ "$skipped" -eq 0 ] || echo "   $suite: $skipped skipped"
    record "$suite" "$good" "$bad"
}

finish() {
    echo
    printf '%s\n' "${suites[@]}"
    echo
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
    exit
}

part_unit() {
    build "gcc" all units
    unit_tests "unit" build
}
part_asan() {
    build "gcc, address and undefined sanitizers" BUILD=build/asan SANITIZE=1 all units
    unit_tests "unit, sanitizers" build/asan
}
part_integration() {
    build "gcc, programs" all
    build "gcc, sanitizers, programs" BUILD=build/asan SANITIZE=1 all
    integration "integration" build tests/integration
    # What comes from outside, once more with every read and write watched.
    integration "outside input, sanitizers" build/asan tests/integration/test_spine_config.py \
        tests/integration/test_spine_control.py
}
part_quick() {
    part_unit
    # Smoke from the line to the operator, and what depends on the version of libmosquitto.
    local delivery=tests/integration/test_uplink_delivery.py
    integration "between processes" build tests/integration/test_spine_smoke.py "$delivery"::test_without_version_5 \
        "$delivery"::test_larger_than_the_broker_takes "$delivery"::test_larger_than_a_broker_takes_that_did_not_say_so
}
part_arm64() {
    build "64-bit ARM" BUILD=build/arm64 CC=aarch64-linux-gnu-gcc PKG_CONFIG=aarch64-linux-gnu-pkg-config all units
    unit_tests "unit, 64-bit ARM" build/arm64 qemu-aarch64
}
part_systemd() {
    script "systemd" tests/systemd.sh
}
part_structure() {
    build "gcc, programs" all
    script "structure" tests/structure.sh
}

# A half-written log or report of an earlier run must not be counted.
rm -rf "$logs"
mkdir -p "$logs"
case "${1:-all}" in
quick | arm64) needed=$1 ;;
*) needed=check ;;
esac
scripts/setup.sh "$needed" || {
    failed=1
    finish
}
case "${1:-all}" in
all)
    build "clang, warnings only" BUILD=build/clang CC=clang objects
    part_unit
    part_asan
    script "structure" tests/structure.sh
    script "systemd" tests/systemd.sh
    part_integration
    ;;
unit | asan | integration | systemd | structure | quick | arm64) "part_$1" ;;
*)
    echo "usage: check.sh [unit|asan|integration|systemd|structure|quick|arm64]" >&2
    exit 2
    ;;
esac
finish
