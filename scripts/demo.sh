#!/bin/bash
# A simulated room, a broker of its own and a short story, told from what the programs really answer. Ctrl-C ends it;
# DEMO_S=20 makes it end by itself after 20 seconds. Leaves nothing behind.
set -u
cd "$(dirname "$0")/.." || exit 1
scripts/setup.sh demo || exit 1
build=${BUILD:-build}
make -s -j"$(nproc)" BUILD="$build" all || exit 1

dir=$(mktemp -d -t careroom-demo.XXXXXX)
config=$dir/careroom.yaml
pids=()
broker=
bold=$'\e[1m' red=$'\e[1;31m' green=$'\e[32m' dim=$'\e[2m' plain=$'\e[0m'
[ -t 1 ] || bold='' red='' green='' dim='' plain=''
# What a reader gets between two steps; less where the whole must fit a few seconds.
pause=1.5
[ "${DEMO_S:-0}" -eq 0 ] || [ "$DEMO_S" -gt 60 ] || pause=0.3

# Daemons get a session of their own: Ctrl-C is for this script, which ends them in order. Sets started.
start() {
    local name=$1
    shift
    setsid "$@" >>"$dir/$name.log" 2>&1 </dev/null 3<&- 5>&- &
    started=$!
    pids+=("$started")
}

end_process() {
    local pid=$1
    kill -TERM -- "-$pid" 2>/dev/null || return 0 # with its children: each leads a group of its own
    for _ in {1..30}; do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    kill -KILL -- "-$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
}

# shellcheck disable=SC2317 # called by traps
finish() {
    local status=$1 i
    trap '' INT TERM
    trap - EXIT
    exec >&5 # the trap may have come while a command's output went elsewhere
    if [ "$status" -eq 0 ]; then
        say "The end: every line of the journal against its hash, its numbers and the line before it."
        show careroomctl verify
    fi
    for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
        end_process "${pids[i]}"
    done
    rm -rf "$dir"
    exit "$status"
}

fail() {
    echo "demo: $1" >&2
    tail -n 20 "$dir"/*.log >&2
    finish 1
}

say() {
    printf '\n%s%s%s\n' "$bold" "$1" "$plain"
}

ctl() {
    "$build/careroomctl" --config "$config" "$@"
}

# show careroomctl ARGUMENT…: the command as a person would type it, and what it answers.
show() {
    shift
    printf '%s$ careroomctl %s%s\n' "$dim" "$*" "$plain"
    ctl "$@" 2>&1 | sed 's/^/  /'
}

do_quietly() {
    shift
    printf '%s$ careroomctl %s%s\n' "$dim" "$*" "$plain"
    ctl "$@" >/dev/null || fail "careroomctl $* was refused"
}

field() {
    sed -nE "s/.*\"$1\":\"?([^\",}]*).*/\1/p" <<<"$2"
}

print_event() {
    local topic=$1 line=$2 colour=$green
    [ "$(field class "$line")" != fire ] || colour=$red
    printf '  %s%s%s %s %s\n' "$colour" "$(field type "$line")" "$plain" "$(field subject "$line")" \
        "$dim(number $(field classseq "$line") of $(field class "$line"), on $topic)$plain"
}

is_event() {
    [ "$(field type "$1") $(field subject "$1")" = "careroom.$2 $3" ]
}

# arrives TYPE SUBJECT SECONDS: wait until the operator's mosquitto_sub has such an event, and print it. Sets arrived.
# What comes earlier than the story needs it is kept for later.
early=()
arrives() {
    local type=$1 subject=$2 end=$((SECONDS + $3)) topic line i
    for i in "${!early[@]}"; do
        read -r topic line <<<"${early[i]}"
        if is_event "$line" "$type" "$subject"; then
            unset "early[i]"
            arrived=$line
            print_event "$topic" "$line"
            return 0
        fi
    done
    while [ $SECONDS -le "$end" ]; do
        read -r -t 1 -u 3 topic line || continue
        if is_event "$line" "$type" "$subject"; then
            arrived=$line
            print_event "$topic" "$line"
            return 0
        fi
        early+=("$topic $line")
    done
    fail "no $type of $subject reached the operator within $3 s"
}

output_is() {
    local id=$1 on=$2
    for _ in {1..100}; do
        ctl sim outputs --json | grep -qE "\"id\":\"$id\",[^}]*\"on\":$on|\"on\":$on,[^}]*\"id\":\"$id\"" && return 0
        sleep 0.05
    done
    fail "$id is not $on"
}

start_broker() {
    start mosquitto /usr/sbin/mosquitto -c "$dir/mosquitto.conf"
    broker=$started
    for _ in {1..50}; do
        (exec 4<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && return 0
        sleep 0.1
    done
    fail "mosquitto did not start"
}

prepare() {
    port=$(/usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    mkdir -p "$dir/state" "$dir/run" "$dir/broker"
    sed -E -e "s|^state_dir:.*|state_dir: $dir/state|" -e "s|^run_dir:.*|run_dir: $dir/run|" \
        -e "s|(port: )[0-9]+|\1$port|" config/demo.yaml >"$config"
    cat >"$dir/mosquitto.conf" <<EOF
listener $port 127.0.0.1
allow_anonymous true
user $(id -un)
persistence true
persistence_location $dir/broker/
autosave_on_changes true
autosave_interval 1
EOF
    mkfifo "$dir/operator"
}

start_all() {
    start_broker
    setsid mosquitto_sub -h 127.0.0.1 -p "$port" -V mqttv5 -i operator -c -x 3600 -q 1 -t 'careroom/v1/+/+/+/event/+' \
        -F '%t %p' >"$dir/operator" 2>/dev/null </dev/null &
    pids+=($!)
    exec 3<"$dir/operator"
    start guard "$build/careroomd-sim" --config "$config"
    guard=$started
    for _ in {1..100}; do
        ctl status >/dev/null 2>&1 && break
        kill -0 "$guard" 2>/dev/null || fail "careroomd-sim ended"
        sleep 0.1
    done
    start uplink "$build/careroom-uplink" --config "$config"
    arrives gateway.started gateway 20
}

story_fire() {
    say "Smoke. The siren sounds first; the journal and the operator come after it."
    do_quietly careroomctl sim line butterfly/smoke-1 active
    output_is butterfly/siren true
    show careroomctl sim outputs
    arrives alarm.raised butterfly/smoke-1 15
    printf '  %sthe whole line, as it stands in the journal:%s\n  %s\n' "$dim" "$plain" "$arrived"
    show careroomctl alarms
    sleep $pause
    say "A carer acknowledges: somebody is on it. The siren goes on."
    do_quietly careroomctl ack butterfly/smoke-1
    arrives alarm.acknowledged butterfly/smoke-1 15
    sleep $pause
    say "The smoke clears. A fire alarm stays until it is reset on purpose."
    do_quietly careroomctl sim line butterfly/smoke-1 inactive
    arrives alarm.cleared butterfly/smoke-1 15
    show careroomctl alarms
    sleep $pause
    do_quietly careroomctl reset butterfly/smoke-1
    arrives alarm.reset butterfly/smoke-1 15
    output_is butterfly/siren false
}

story_air_begins() {
    say "Many children, closed windows: CO2 begins to rise. The sensor has a value every 5 s, and the rule its delay; meanwhile:"
    do_quietly careroomctl sim set butterfly/air co2 1900
}

story_outage() {
    say "The broker is killed. A door opens meanwhile; the journal keeps it."
    { kill -KILL "$broker" && wait "$broker"; } 2>/dev/null
    do_quietly careroomctl sim line butterfly/door active
    show careroomctl events --class access
    sleep $pause
    say "The broker comes back; nobody has to do anything."
    start_broker
    arrives door.opened butterfly/door 40
    do_quietly careroomctl sim line butterfly/door inactive
    arrives door.closed butterfly/door 15
    sleep $pause
}

story_card() {
    say "A card is held to the reader. Its number is not written down anywhere."
    do_quietly careroomctl sim badge butterfly/entry 57:12345
    arrives access.presented butterfly/entry 15
    sleep $pause
}

story_air() {
    say "The CO2 has been too high for longer than the rule allows."
    arrives alarm.raised butterfly/co2-high 60
    output_is butterfly/fan true
    show careroomctl alarms
    sleep $pause
    say "The room is aired; the alarm clears itself and the fan stops."
    do_quietly careroomctl sim set butterfly/air co2 650
    arrives alarm.cleared butterfly/co2-high 60
    output_is butterfly/fan false
}

live() {
    local topic line
    say "The story is told; the room stays. Look around in another terminal:"
    cat <<EOF
  export CAREROOM_CONFIG=$config PATH=$PWD/$build:\$PATH
  careroomctl status
  careroomctl sim line butterfly/smoke-1 active      # then: ack, sim line … inactive, reset
  careroomctl sim fault butterfly/air nack           # a sensor that does not answer
  careroomctl events --follow
What reaches the operator is shown here. Ctrl-C ends everything.
EOF
    while true; do
        read -r -t 5 -u 3 topic line && print_event "$topic" "$line"
    done
}

exec 5>&1
trap 'finish 0' INT TERM
trap 'finish $?' EXIT
if [ "${DEMO_S:-0}" -gt 0 ]; then
    setsid bash -c "sleep $DEMO_S; kill -TERM $$" &
    pids+=($!)
fi
prepare
say "careroom: a simulated room, the guard, the uplink, and a broker on 127.0.0.1:$port. The operator is mosquitto_sub."
start_all
say "All is well."
show careroomctl status
sleep $pause
story_fire
story_air_begins
story_outage
story_card
story_air
live
