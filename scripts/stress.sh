#!/usr/bin/env bash
# Interrupts and kills training runs at random times, lets each go on until it is done, and compares its model and the
# tensors of its checkpoint with those of a run that nothing stopped. Fails if a run dies of anything else or a bit differs.
#   scripts/stress.sh [SIGNALS [KILLS]]    1000 runs with a SIGINT or SIGTERM, 200 with kill -9
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
signals=${1:-1000}
kills=${2:-200}
build release unmix >/dev/null
unmix=$PWD/build/release/unmix
export OMP_NUM_THREADS=1 OMP_WAIT_POLICY=passive

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$unmix" demo --tiny --quiet --output "$work/demo" >/dev/null

# train FOLDER [OPTION...]: a run of about half a second. A shell lets what it starts with & ignore SIGINT.
train() {
  local folder=$1
  shift
  exec env --default-signal=INT "$unmix" train --root "$work/demo/songs" --is-wav --cache "$work/demo/cache" \
    --output "$folder" --quiet --nfft 512 --nhop 128 --hidden-size 128 --nb-layers 1 --batch-size 4 --seq-dur 1 \
    --samples-per-track 8 --epochs 4 --checkpoint-minutes 0.0005 "$@" >/dev/null 2>>"$work/messages"
}

begin=${EPOCHREALTIME/[.,]/}
(train "$work/whole")
length=$((${EPOCHREALTIME/[.,]/} - begin))  # microseconds
# A checkpoint's header holds times, and its first eight bytes the header's length.
hash_of() {
  local checkpoint=$1/joint.chkpnt
  local header
  header=$(od -An -t u8 -N 8 "$checkpoint")
  { cat "$1/joint.safetensors" && tail -c +$((header + 9)) "$checkpoint"; } | sha256sum
}
expected=$(hash_of "$work/whole")

# run INDEX SIGNAL...: one run, stopped at a random time by one of the signals; what became of it goes to a file.
run() {
  local index=$1 folder=$work/run$1 child status=0 signal
  shift
  RANDOM=$index
  signal=${*:RANDOM % $# + 1:1}
  (train "$folder") &
  child=$!
  sleep "$(awk -v length_us="$length" -v r="$RANDOM" 'BEGIN { print r / 32768 * length_us / 1e6 }')"
  kill -s "$signal" "$child" 2>/dev/null || true
  wait "$child" 2>/dev/null || status=$?
  local ended=$status
  # A signal ends the process where the program has not begun yet.
  if ((status == 143)) && [[ ! -e $folder ]]; then ended=early; fi
  if ((status != 0)) && [[ -e $folder/joint.chkpnt ]]; then
    status=0
    (train "$folder" --checkpoint "$folder") || status=$?
  elif ((status != 0)); then
    status=0
    (train "$folder") || status=$?
  fi
  if ((status == 0)) && [[ $(hash_of "$folder") == "$expected" ]]; then
    echo "$signal $ended same"
  else
    echo "$signal $ended different, $status after the resume"
  fi
  rm -rf "$folder"
}

# Two side by side.
many() {
  local count=$1 index
  shift
  for ((index = 0; index < count; ++index)); do
    while (($(jobs -rp | wc -l) >= jobs)); do wait -n; done
    run "$index" "$@" >>"$work/results" &
  done
  wait
}
many "$signals" INT TERM
many "$kills" KILL

echo "signal, exit code (0: the run was done; 130: interrupted; 137: killed; early: it had not begun), bits, runs"
sort "$work/results" | uniq -c | awk '{ n = $1; $1 = ""; print $0 ": " n }'
# 130 is the program's own code for an interruption.
if grep -vE '^(INT|TERM) (0|130|early) same$|^KILL (0|137) same$' "$work/results" >&2; then
  sort -u "$work/messages" | sed -n 1,20p >&2
  exit 1
fi
echo "$((signals + kills)) runs, all with the same bits in the end"
