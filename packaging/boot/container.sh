# shellcheck shell=sh
# For boot-test.sh and matrix.sh: copies of Debian root trees, each for one run.

cache=${HG_CMDSERVER_TEST_CACHE:-/var/cache/hg-cmdserver-test}

# Prints why this machine cannot run a container, or nothing if it can. TOOL:PACKAGE... are the tools needed.
why_no_container() {
    [ "$(id -u)" = 0 ] || {
        echo "a container needs root"
        return
    }
    for tool in debootstrap:debootstrap unshare:util-linux "$@"; do
        command -v "${tool%%:*}" >/dev/null || {
            echo "${tool%%:*} is missing (Debian's package ${tool#*:})"
            return
        }
    done
    unshare --mount --pid --fork true 2>/dev/null || echo "this machine allows no containers"
}

# lock_and_make_root SUITE: makes the suite's root tree unless it exists; returns root.sh's status. The lock
# admits one run with each suite at a time, so the suite's leftovers are those of a killed run.
lock_and_make_root() {
    mkdir -p "$cache"
    exec 9>"$cache/$1.lock"
    flock 9
    for left in "$cache/run.$1".*/; do
        umount "$left/root" 2>/dev/null || true
        rm -rf "$left"
    done
    sh packaging/boot/root.sh "$cache/$1" "$1" 9>&-
}

# copy_root SUITE: makes $run, a private directory of this run, in which "root" is a copy of the root tree.
copy_root() {
    run=$(mktemp -d "$cache/run.$1.XXXXXX")
    trap remove_copy EXIT
    trap 'exit 1' INT TERM HUP
    chmod 755 "$run"
    mkdir "$run/root" "$run/changes" "$run/work"
    mount -t overlay overlay -o "lowerdir=$cache/$1,upperdir=$run/changes,workdir=$run/work" "$run/root" 2>/dev/null ||
        cp -a "$cache/$1/." "$run/root/"
}

# The pid of this run's background command, so that this shell can end the command.
test=

# in_background SIGNAL COMMAND...: waits for COMMAND and returns its status; sends it SIGNAL if this shell ends.
in_background() {
    test_signal=$1
    shift
    "$@" 9>&- &
    test=$!
    status=0
    wait "$test" || status=$?
    test=
    return "$status"
}

# shellcheck disable=SC2317 # a trap calls it
remove_copy() {
    [ -z "$test" ] || kill -s "$test_signal" "$test" 2>/dev/null || true
    [ -z "$test" ] || wait "$test" || true
    umount "$run/root" 2>/dev/null || true
    rm -rf "$run"
}
