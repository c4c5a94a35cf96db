#!/bin/sh
# Prepare what careroom-voice says: one WAV file for each phrase of each language, spoken by espeak-ng. At install time,
# so that nothing is synthesised while a room burns. A file that is there already stays: a site may record its own.
#
#     phrases.sh [FOLDER]      default /usr/share/careroom/phrases
set -eu

folder=${1:-/usr/share/careroom/phrases}
careroomd=${CAREROOMD:-careroomd}

command -v espeak-ng >/dev/null || {
    echo "phrases.sh: espeak-ng is missing; apt-get install espeak-ng" >&2
    exit 1
}
list=$(mktemp)
trap 'rm -f "$list"' EXIT
"$careroomd" --phrases > "$list"
[ -s "$list" ] || {
    echo "phrases.sh: $careroomd --phrases said nothing" >&2
    exit 1
}

made=0 kept=0 tab=$(printf '\t')
while IFS="$tab" read -r language name text; do
    case $language in
    zh) voice=cmn ;;
    *) voice=$language ;;
    esac
    file=$folder/$language/$name.wav
    if [ -s "$file" ]; then
        kept=$((kept + 1))
        continue
    fi
    mkdir -p "$folder/$language"
    espeak-ng -v "$voice" -s 140 -w "$file.new" "$text"
    mv "$file.new" "$file"
    made=$((made + 1))
done < "$list"
echo "phrases in $folder: $made made, $kept kept"
