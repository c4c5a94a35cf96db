#!/bin/bash
# Every fuzz target of tests/fuzz for FUZZ_S seconds each (default 60), or FUZZ_RUNS runs each where that is set; or only those
# that are named: scripts/fuzz.sh config readers. What is found is kept in build/fuzz/. The last line is "N passed, N failed".
set -u
cd "$(dirname "$0")/.." || exit 1

folder=build/fuzz
limit="-max_total_time=${FUZZ_S:-60}"
[ -z "${FUZZ_RUNS:-}" ] || limit="-runs=$FUZZ_RUNS"
targets=("$@")
if [ $# -eq 0 ]; then
    for source in tests/fuzz/fuzz_*.c; do
        name=$(basename "$source" .c)
        targets+=("${name#fuzz_}")
    done
fi

# What a target may begin from: files of the tree that are good or bad on purpose.
seeds() {
    case $1 in
    config) cp config/*.yaml tests/config/*/*.yaml "$2" ;;
    esac
}

passed=0
failed=0
for target in "${targets[@]}"; do
    corpus=$folder/corpus/$target
    mkdir -p "$corpus" "$folder/found"
    seeds "$target" "$corpus"
    if ! make -s BUILD=$folder CC=clang FUZZ=1 "$folder/tests/fuzz_$target"; then
        echo "-- fuzz_$target does not build"
        failed=$((failed + 1))
        continue
    fi
    echo "== fuzz_$target $limit"
    if "$folder/tests/fuzz_$target" "$limit" -max_len=4096 -print_final_stats=1 -verbosity=0 \
        -artifact_prefix="$folder/found/$target-" "$corpus" >"$folder/$target.log" 2>&1; then
        grep -E 'number_of_executed_units' "$folder/$target.log"
        passed=$((passed + 1))
    else
        tail -n 40 "$folder/$target.log"
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
