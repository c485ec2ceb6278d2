#!/bin/sh
# Tests the package of the last build with the Mercurial, the Python and the Java of a Debian, in a
# container: the package installs, prefork comes up, the tests below pass, and hello, log and status
# are faster than with that release's hg serve --cmdserver unix.
# Usage: matrix.sh SUITE [short] [-DPROPERTY=VALUE...]
# SUITE is bullseye, bookworm, trixie, sid, or any other that debootstrap knows; the properties go to the
# tests. The script needs root. It makes a root tree once, in $HG_CMDSERVER_TEST_CACHE
# (/var/cache/hg-cmdserver-test); the container gets a copy of the tree. One line in target/matrix/SUITE
# has the result. MATRIX_TESTS="CommandsIT ..." runs only these tests, MATRIX_TESTS="" none. The script
# ends with status 75 if Debian's archive fails and nothing was tested.
set -eu
suite=${1:?the suite is missing}
shift
form=whole
if [ "${1:-}" = short ]; then
    form=short
    shift
fi
cd "$(dirname "$0")/.."

# The tests that depend on Mercurial, for each kind of workers; the short form omits some. Those in
# $spawn and then those in $late run beside those in $prefork, and take about as long. A spawned worker is a
# new process with the strict server, which the differential test meets in forked workers as well.
prefork='CommandsIT FirstClientsIT NoTerminalIT AnotherUserIT ChgIT ChgOutputIT DropInIT ToolsIT ProofIT PreforkFreshnessIT'
late='PreloadedIT PreforkQuickAmendIT DifferentialIT PreforkContentIT PreforkSuccessionIT PreforkFallbackIT'
spawn='CommandsIT NoTerminalIT AnotherUserIT ProofIT'
rounds=15
limit=30m
if [ "$form" = short ]; then # of two properties with one name the last wins
    set -- -Dhgcmdserver.differential=10 -Dhgcmdserver.differential.commands=20 \
        -Dhgcmdserver.differential.replays=1 -Dhgcmdserver.quickamend=20 "$@"
else
    prefork="$prefork PreforkRepositoryIT StrayOutputIT PreforkThreadsIT PreforkPoolIT WorkerIT PreforkIsolationIT"
    late="$late PreforkFailureIT PreforkRehearsalIT PreforkTimeZoneIT"
    spawn="$spawn DifferentialIT StrayOutputIT WorkerIT"
    rounds=60
    limit=infinity # properties may make some tests run for hours
fi
if [ -n "${MATRIX_TESTS+given}" ]; then
    form="$form; ${MATRIX_TESTS:-no tests}"
    prefork=$MATRIX_TESTS late='' spawn=
    for class in $MATRIX_TESTS; do
        case $class in
            Prefork*) ;;
            *) spawn="$spawn $class" ;;
        esac
    done
fi

report=target/matrix/$suite
# say RESULT: reports the result of this run
say() {
    mkdir -p target/matrix
    echo "$suite ($form): $1" | tee "$report"
}

version=$(sed -n 's|^  <version>\(.*\)</version>|\1|p' pom.xml)
package=target/hg-cmdserver_${version}_all.deb
if [ ! -e "$package" ] || [ -n "$(find src packaging/deb packaging/root pom.xml -type f -newer "$package")" ]; then
    echo "matrix.sh: $package is missing, or older than its sources; run mvn package" >&2
    exit 1
fi

. packaging/boot/container.sh
reason=$(why_no_container chroot:coreutils)
if [ -n "$reason" ]; then
    say "not tested: $reason"
    exit 0
fi
status=0
lock_and_make_root "$suite" || status=$?
if [ "$status" != 0 ]; then
    [ "$status" != 75 ] || say "NOT TESTED: Debian's archive fails at the moment, which is not hg-cmdserver's fault"
    exit "$status"
fi
say 'FAILED' >/dev/null # the result, unless another one replaces it
copy_root "$suite"

echo "== $suite ($form)"
work=$run/root/matrix
mkdir "$work" "$work/jars" "$run/tmp"
cp "$package" "$work/hg-cmdserver.deb"
cp -r target/classes target/test-classes packaging/boot/client.py packaging/matrix/inside.sh "$work/"
tr ':' '\n' <target/test-classpath | xargs cp -t "$work/jars"
chmod 1777 "$run/tmp"

# /tmp is a directory of this machine, so that the tests do not test an overlay's files
# unshare ignores SIGTERM, so timeout sends it SIGKILL; the container ends with unshare
# shellcheck disable=SC2016 # the inner shell's variables
in_background TERM timeout --kill-after=1 "$limit" unshare --mount --pid --fork --kill-child sh -ec '
    root=$1
    mount -t proc proc "$root/proc"
    mount -t devpts devpts -o newinstance,ptmxmode=666 "$root/dev/pts"
    mount -t tmpfs tmpfs -o mode=1777 "$root/dev/shm"
    mount --bind "$2" "$root/tmp"
    shift 2
    # setsid, since a process group from outside has no number in this pid namespace
    exec setsid env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 chroot "$root" sh /matrix/inside.sh "$@"
' sh "$run/root" "$run/tmp" "$rounds" "$prefork" "$late" "$spawn" "$@" || status=$?
rm -rf "$report.reports"
[ ! -e "$work/reports" ] || cp -r "$work/reports" "$report.reports"
if [ "$status" != 0 ]; then
    say "FAILED"
    exit 1
fi
say "passed, $(cat "$work/result")"
