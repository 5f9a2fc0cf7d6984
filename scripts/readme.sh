#!/usr/bin/env bash
# Runs every command of the README from "Two commands" to "Losses", in order, as pasted into one shell; fails at the first
# that fails. Needs the builds that the README's first two commands leave behind.
#   scripts/readme.sh DEMO      the folder that `unmix demo` wrote
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
demo=$(realpath "$1")
root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
ln -s "$root/build" "$root/studies" .
ln -s "$demo" unmix-demo
{
  echo 'set -eux'
  awk '/^## /{inside = ($0 == "## Two commands"); if (/^## (Train|Score|Losses)/) inside = 1}
       /^```/{block = inside && $0 == "```sh" && !block; next} block' "$root/README.md"
} >commands.sh
bash commands.sh
