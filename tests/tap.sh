# For the check scripts: one line a check in the Test Anything Protocol, which scripts/check.sh counts. Sourced.
# shellcheck shell=bash
tap_count=0
tap_failed=0

# expect WHAT COMMAND…: the command succeeds. Its output is shown where it does not.
expect() {
    local what=$1 output
    shift
    tap_count=$((tap_count + 1))
    if output=$("$@" 2>&1); then
        echo "ok $tap_count - $what"
    else
        tap_failed=$((tap_failed + 1))
        echo "not ok $tap_count - $what"
        printf '%s\n' "$output" | tail -n 30 | sed 's/^/# /'
    fi
}

# expect_silence WHAT COMMAND…: the command finds nothing to say, and succeeds.
expect_silence() {
    local what=$1
    shift
    expect "$what" silent "$@"
}

silent() {
    local output
    output=$("$@" 2>&1) || {
        printf '%s\n' "$output"
        return 1
    }
    [ -z "$output" ] || {
        printf '%s\n' "$output"
        return 1
    }
}

tap_end() {
    echo "1..$tap_count"
    [ "$tap_failed" -eq 0 ]
}
