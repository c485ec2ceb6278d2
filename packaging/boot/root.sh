#!/bin/sh
# Makes the root tree of a small Debian 12 with systemd as its init, with all that hg-cmdserver's
# package depends on and the tests use; or leaves it alone, if it is there and complete.
# Usage: root.sh DIRECTORY
set -eu
root=$1

suite=bookworm
set -- systemd systemd-sysv dbus libpam-systemd adduser apt-utils procps sudo \
    default-jre-headless mercurial python3-hglib openssh-server openssh-client

recipe=$(cksum <"$0")
[ "$recipe" != "$(cat "$root/.complete" 2>/dev/null)" ] || exit 0

echo "== a root tree with Debian ($suite), once, in $root"
rm -rf --one-file-system "$root"
mkdir -p "$root"

# to LOG COMMAND...: if it fails, the end of what it said is shown
to() {
    log=$1
    shift
    "$@" >>"$log" 2>&1 </dev/null || {
        tail -n 20 "$log" >&2
        exit 1
    }
}

# The package sources are this machine's, if it has that suite; else debootstrap's own default.
# shellcheck disable=SC2016 # these are apt's names, not the shell's
mirror=$(apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
    sed -n "s/^$suite main //p" | head -n 1)
: >"$root.log"
to "$root.log" unshare --mount debootstrap --variant=minbase "$suite" "$root" ${mirror:+"$mirror"}
if [ -n "$mirror" ]; then
    for part in sources.list sources.list.d apt.conf.d preferences.d trusted.gpg.d keyrings; do
        [ ! -e "/etc/apt/$part" ] || cp -a "/etc/apt/$part" "$root/etc/apt/"
    done
    cp -a /usr/share/keyrings/. "$root/usr/share/keyrings/"
fi
cp -L /etc/resolv.conf "$root/etc/resolv.conf"

# Nothing may start while the tree is made.
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
# shellcheck disable=SC2016 # the inner shell's variables
to "$root.log" unshare --mount sh -ec '
    mount -t proc proc "$1/proc"
    root=$1
    shift
    export DEBIAN_FRONTEND=noninteractive
    chroot "$root" apt-get update -q
    chroot "$root" apt-get install -q -y --no-install-recommends "$@"
    chroot "$root" apt-get clean
' sh "$root" "$@"
rm "$root/usr/sbin/policy-rc.d" "$root/etc/resolv.conf"
: >"$root/etc/machine-id" # each container gets one of its own
echo "$recipe" >"$root/.complete"
