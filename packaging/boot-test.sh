#!/bin/sh
# Boots a Debian with systemd as its init in a container, installs the package in it and does what an
# administrator does.
# Usage: boot-test.sh PACKAGE.deb
# It needs root. A root tree is made once and kept in $HG_CMDSERVER_TEST_CACHE
# (/var/cache/hg-cmdserver-test); the container gets a copy of it.
set -eu
package=$(realpath -e "${1:?the package is missing}")
cd "$(dirname "$0")/.."

leave_out() {
    echo "the booted system is not tested: $1"
    exit 0
}
[ "$(id -u)" = 0 ] || leave_out "that needs root"
for tool in systemd-nspawn:systemd-container debootstrap:debootstrap nsenter:util-linux python3:python3; do
    command -v "${tool%%:*}" >/dev/null || leave_out "there is no ${tool%%:*} (Debian's package ${tool#*:})"
done
unshare --mount --pid --fork true 2>/dev/null || leave_out "this machine allows no containers"

cache=${HG_CMDSERVER_TEST_CACHE:-/var/cache/hg-cmdserver-test}
mkdir -p "$cache"
# One run at a time; what is left of another one was killed.
exec 9>"$cache/lock"
flock 9
for left in "$cache"/run.*/; do
    umount "$left/root" 2>/dev/null || true
    rm -rf "$left"
done
sh packaging/boot/root.sh "$cache/root"

run=$(mktemp -d "$cache/run.XXXXXX")
test=
# shellcheck disable=SC2317 # the trap calls it
clean_up() {
    [ -z "$test" ] || kill "$test" 2>/dev/null || true
    [ -z "$test" ] || wait "$test" || true
    umount "$run/root" 2>/dev/null || true
    rm -rf "$run"
}
trap clean_up EXIT
trap 'exit 1' INT TERM HUP
chmod 755 "$run"
mkdir "$run/root" "$run/changes" "$run/work"
mount -t overlay overlay -o "lowerdir=$cache/root,upperdir=$run/changes,workdir=$run/work" "$run/root" 2>/dev/null ||
    cp -a "$cache/root/." "$run/root/"

# The package, and two with later versions: an upgrade to the same files is an upgrade.
mkdir "$run/root/packages" "$run/unpacked"
cp "$package" "$run/root/packages/0.deb"
dpkg-deb --raw-extract "$package" "$run/unpacked/tree"
version=$(dpkg-deb --field "$package" Version)
for n in 1 2; do
    sed -i "s/^Version:.*/Version: $version+boottest$n/" "$run/unpacked/tree/DEBIAN/control"
    dpkg-deb --root-owner-group -Znone --build "$run/unpacked/tree" "$run/root/packages/$n.deb" >/dev/null
done

console=${BOOT_TEST_CONSOLE:-$run/console}
status=0
# in the background, so that this shell can end it
PYTHONDONTWRITEBYTECODE=1 python3 packaging/boot/boot_test.py "$run/root" "$console" 9>&- &
test=$!
wait "$test" || status=$?
test=
exit "$status"
