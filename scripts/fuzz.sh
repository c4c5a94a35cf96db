#!/bin/bash
# Every fuzz target of tests/fuzz for FUZZ_S seconds each (default 60), or FUZZ_RUNS runs each where that is set; or only those
# that are named: scripts/fuzz.sh config readers:wedge. What is found is kept in build/fuzz/. The last line is "N passed, N failed".
set -u
cd "$(dirname "$0")/.." || exit 1

folder=build/fuzz
limit="-max_total_time=${FUZZ_S:-60}"
[ -z "${FUZZ_RUNS:-}" ] || limit="-runs=$FUZZ_RUNS"
# A target for one part of several is TARGET:PART, which the program reads from FUZZ_PART.
targets=("$@")
if [ $# -eq 0 ]; then
    targets=(config drivers serial:mhz19b serial:pms5003 readers:rdm6300 readers:wedge readers:wiegand readers:pn532 people_csv)
fi

# What a target may begin from: files of the tree that are good or bad on purpose.
seeds() {
    case $1 in
    config) cp config/*.yaml tests/config/*/*.yaml "$2" ;;
    people_csv) cp tests/people/*.csv "$2" ;;
    esac
}

passed=0
failed=0
for target in "${targets[@]}"; do
    program=$folder/tests/fuzz_${target%%:*}
    name=${target/:/-}
    export FUZZ_PART=${target#*:}
    corpus=$folder/corpus/$name
    mkdir -p "$corpus" "$folder/found"
    seeds "$target" "$corpus"
    if ! make -s -j"$(nproc)" BUILD=$folder CC=clang FUZZ=1 "$program"; then
        echo "-- $program does not build"
        failed=$((failed + 1))
        continue
    fi
    echo "== $target $limit"
    if "$program" "$limit" -max_len=4096 -print_final_stats=1 -verbosity=0 \
        -artifact_prefix="$folder/found/$name-" "$corpus" >"$folder/$name.log" 2>&1; then
        grep -E 'number_of_executed_units' "$folder/$name.log"
        passed=$((passed + 1))
    else
        tail -n 40 "$folder/$name.log"
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
