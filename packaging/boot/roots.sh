#!/bin/sh
# Makes the root trees of some Debians, one after the other, so that boot-test.sh and matrix.sh find them.
# Usage: roots.sh SUITE...
# Fails silently: whoever uses a tree that is missing makes it, or reports why it cannot be made.
set -eu
cd "$(dirname "$0")/../.."
. packaging/boot/container.sh
[ -z "$(why_no_container chroot:coreutils)" ] || exit 0
mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
for suite in "$@"; do
    sh packaging/boot/root.sh "$cache/$suite" "$suite" 9>&- || true
done
