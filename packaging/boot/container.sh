# shellcheck shell=sh
# For boot-test.sh and matrix.sh: copies of root trees with Debian, each for one run.

cache=${HG_CMDSERVER_TEST_CACHE:-/var/cache/hg-cmdserver-test}

# Prints why this machine can have no container; nothing if it can. TOOL:PACKAGE... are what it takes.
why_no_container() {
    [ "$(id -u)" = 0 ] || {
        echo "that needs root"
        return
    }
    for tool in debootstrap:debootstrap unshare:util-linux "$@"; do
        command -v "${tool%%:*}" >/dev/null || {
            echo "there is no ${tool%%:*} (Debian's package ${tool#*:})"
            return
        }
    done
    unshare --mount --pid --fork true 2>/dev/null || echo "this machine allows no containers"
}

# lock_and_make_root SUITE: the suite's root tree is made, if it is not there; returns root.sh's status.
# One run at a time; what is left of another one was killed.
lock_and_make_root() {
    mkdir -p "$cache"
    exec 9>"$cache/lock"
    flock 9
    for left in "$cache"/run.*/; do
        umount "$left/root" 2>/dev/null || true
        rm -rf "$left"
    done
    sh packaging/boot/root.sh "$cache/$1" "$1" 9>&-
}

# copy_root SUITE: makes $run, a directory for this run alone, in which "root" is a copy of the root tree.
copy_root() {
    run=$(mktemp -d "$cache/run.XXXXXX")
    trap remove_copy EXIT
    trap 'exit 1' INT TERM HUP
    chmod 755 "$run"
    mkdir "$run/root" "$run/changes" "$run/work"
    mount -t overlay overlay -o "lowerdir=$cache/$1,upperdir=$run/changes,workdir=$run/work" "$run/root" 2>/dev/null ||
        cp -a "$cache/$1/." "$run/root/"
}

# A command of this run that goes on in the background, so that this shell can end it.
test=

# in_background SIGNAL COMMAND...: to its end; returns its status. SIGNAL ends it if this shell is ended.
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
