#!/bin/sh
# For packages-check.sh, in a mount namespace of its own: runs the program of an unpacked package with a
# /tmp that is noexec, and checks which files the program writes.
set -eu

root=$1
program=$root/usr/bin/hg-cmdserver

mount --make-rprivate /
mount -t tmpfs -o noexec,nosuid,mode=1777 tmpfs /tmp
cp /bin/true /tmp/true
! /tmp/true 2>/dev/null || { echo "/tmp is not noexec" >&2 && exit 1; }
unset TMPDIR
mkdir /tmp/w
cd /tmp/w

# a service manager, which learns that the daemon is ready
socat -u UNIX-RECV:/tmp/w/notify CREATE:/tmp/w/notified &
manager=$!
while [ ! -e notify ]; do sleep 0.05; done

NOTIFY_SOCKET=/tmp/w/notify strace -f -qq -e trace=open,openat,creat -o opened \
    "$program" serve --address /tmp/w/server.sock 2>log &
tracer=$!
trap 'kill $manager $tracer 2>/dev/null || :' EXIT
for _ in $(seq 300); do
    ! grep -q READY=1 notified 2>/dev/null || break
    kill -0 $tracer
    sleep 0.1
done
grep -q READY=1 notified
strace -f -qq -e trace=open,openat,creat -o opened.run "$program" run --no-chg --address /tmp/w/server.sock -- version -q
kill -TERM "$(head -n 1 opened | cut -d ' ' -f 1)"
wait $tracer
trap - EXIT
kill $manager 2>/dev/null || :

written=$(grep -h 'O_CREAT\|creat(' opened opened.run | grep -v ENOENT | grep '\.so[".0-9]\|jffi\|libtmp' || :)
[ -z "$written" ] || { printf 'unpacked:\n%s\n' "$written" >&2 && exit 1; }
for trace in opened opened.run; do
    grep "/native/Linux-$(uname -m)/libjffi-1.2.so\"" "$trace" | grep -qv ENOENT ||
        { echo "$trace: libjffi was not opened in its installed place" >&2 && exit 1; }
done
