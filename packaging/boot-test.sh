#!/bin/sh
# Boots a Debian with systemd as its init in a container, installs the package in it and does what an
# administrator does.
# Usage: boot-test.sh PACKAGE.deb [SUITE]
# SUITE is bookworm unless it is given. It needs root. A root tree is made once and kept in
# $HG_CMDSERVER_TEST_CACHE (/var/cache/hg-cmdserver-test); the container gets a copy of it.
set -eu
package=$(realpath -e "${1:?the package is missing}")
suite=${2:-bookworm}
cd "$(dirname "$0")/.."

. packaging/boot/container.sh
reason=$(why_no_container systemd-nspawn:systemd-container nsenter:util-linux python3:python3)
if [ -n "$reason" ]; then
    echo "the booted system is not tested: $reason"
    exit 0
fi
lock_and_make_root "$suite"
copy_root "$suite"

# The package, and two with later versions: an upgrade to the same files is an upgrade.
mkdir "$run/root/packages" "$run/unpacked"
cp "$package" "$run/root/packages/0.deb"
dpkg-deb --raw-extract "$package" "$run/unpacked/tree"
version=$(dpkg-deb --field "$package" Version)
for n in 1 2; do
    sed -i "s/^Version:.*/Version: $version+boottest$n/" "$run/unpacked/tree/DEBIAN/control"
    dpkg-deb --root-owner-group -Znone --build "$run/unpacked/tree" "$run/root/packages/$n.deb" >/dev/null
done

PYTHONDONTWRITEBYTECODE=1 in_background TERM \
    python3 packaging/boot/boot_test.py "$run/root" "$suite" "${BOOT_TEST_CONSOLE:-$run/console}"
