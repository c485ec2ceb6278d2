#!/bin/sh
# Makes the root trees of some Debians, one after the other, so that boot-test.sh and matrix.sh find them.
# Usage: roots.sh SUITE...
# Reports no failure: a script that misses a tree makes that tree, or reports why it cannot.
set -eu
cd "$(dirname "$0")/../.."
. packaging/boot/container.sh
[ -z "$(why_no_container chroot:coreutils)" ] || exit 0
for suite in "$@"; do
    (lock_and_make_root "$suite") || true
done
