#!/bin/sh
# Makes the root tree of a small Debian with systemd as its init, with all that hg-cmdserver's package
# depends on and the tests use; or leaves it alone, if it is there and complete.
# Usage: root.sh DIRECTORY SUITE
# Ends with status 75 if Debian's archive fails: if it cannot be reached, or if what it holds for SUITE
# at the moment cannot be installed.
set -eu
root=$1
suite=$2

case $suite in
    bullseye) java=openjdk-17-jre-headless ;; # its default is older than the floor
    *) java=default-jre-headless ;;
esac
set -- systemd systemd-sysv dbus libpam-systemd adduser apt-utils procps sudo \
    "$java" mercurial python3-hglib openssh-server openssh-client

recipe="$suite $(cksum <"$0")"
is_complete() {
    [ "$recipe" = "$(cat "$root/.complete" 2>/dev/null)" ]
}
# sid changes every day: its tree is made anew after a week
is_old() {
    [ "$suite" = sid ] && [ -n "$(find "$root/.complete" -mtime +6)" ]
}
! is_complete || is_old || exit 0

echo "== a root tree with Debian ($suite), once, in $root"
new=$root.new
log=$root.log
rm -rf --one-file-system "$new"
mkdir -p "$new"
: >"$log"

# by_archive COMMAND...: if it fails, the end of what it said is shown
by_archive() {
    status=0
    timeout 1200 "$@" >>"$log" 2>&1 </dev/null || status=$?
    [ "$status" != 0 ] || return 0
    tail -n 20 "$log" >&2
    if grep -q 'No space left on device' "$log"; then
        echo "no space is left for a root tree with Debian ($suite)" >&2
        exit 1
    fi
    echo "Debian's archive fails, not hg-cmdserver: $suite cannot be installed now (status $status; $log)" >&2
    is_complete || exit 75
    echo "the root tree of $(date -r "$root/.complete" +%F) is used" >&2
    exit 0
}

# main_of RELEASE: the place of its component main in this machine's package sources
main_of() {
    # shellcheck disable=SC2016 # these are apt's names, not the shell's
    apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
        sed -n "s/^$1 main //p" | head -n 1
}

# The package sources are this machine's, if it has that suite; else the same mirror's, if this is
# Debian; else debootstrap's own default.
mirror=$(main_of "$suite")
own=${mirror:+yes}
if [ -z "$mirror" ] && grep -qx 'ID=debian' /etc/os-release; then
    mirror=$(main_of "$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)")
fi
by_archive unshare --mount debootstrap --variant=minbase "$suite" "$new" ${mirror:+"$mirror"}
if [ -n "$own" ]; then
    for part in sources.list sources.list.d preferences.d trusted.gpg.d keyrings; do
        [ ! -e "/etc/apt/$part" ] || cp -a "/etc/apt/$part" "$new/etc/apt/"
    done
    cp -a /usr/share/keyrings/. "$new/usr/share/keyrings/"
fi
# how this machine reaches the archive, such as a proxy
apt-config dump --no-empty | grep -iE '^Acquire::(https?|Retries|ForceIPv[46]|Check-Valid-Until)\b' \
    >"$new/etc/apt/apt.conf.d/99machine" || true
cp -L /etc/resolv.conf "$new/etc/resolv.conf"

# Nothing may start while the tree is made.
printf '#!/bin/sh\nexit 101\n' >"$new/usr/sbin/policy-rc.d"
chmod 755 "$new/usr/sbin/policy-rc.d"
# Java's packages need /proc when they are installed.
# shellcheck disable=SC2016 # the inner shell's variables
by_archive unshare --mount sh -ec '
    mount -t proc proc "$1/proc"
    root=$1
    shift
    export DEBIAN_FRONTEND=noninteractive
    chroot "$root" apt-get update -q
    chroot "$root" apt-get install -q -y --no-install-recommends "$@"
    chroot "$root" apt-get clean
    # in unstable what is installed may not fit together
    chroot "$root" hg version -q
    chroot "$root" java -version
    chroot "$root" python3 -c "import hglib"
' sh "$new" "$@"
rm "$new/usr/sbin/policy-rc.d" "$new/etc/resolv.conf"
: >"$new/etc/machine-id" # each container gets one of its own
echo "$recipe" >"$new/.complete"
rm -rf --one-file-system "$root"
mv "$new" "$root"
