#!/bin/sh
# Boots a Debian with systemd as its init in a container, installs the package there and runs an
# administrator's commands.
# Usage: boot-test.sh PACKAGE.deb [SUITE]
# SUITE defaults to bookworm. The script needs root. It makes a root tree once, in
# $HG_CMDSERVER_TEST_CACHE (/var/cache/hg-cmdserver-test); the container gets a copy of the tree.
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

# The package, and two later versions of it with the same files, which are still upgrades.
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
