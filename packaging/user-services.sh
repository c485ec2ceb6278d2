#!/bin/sh
# For the packages' scripts: the servers of users' own service managers (systemctl --user).
#   user-services reload    after an upgrade
#   user-services stop      before the removal
# The script talks to each manager as its user, through the manager's private socket. deb-systemd-invoke and
# rpm's macros use the user's bus, and do nothing on hosts without one.
set -u
action=${1:?reload or stop}

# of_user SECONDS ARGUMENT...: runs systemctl with a time limit, since a user's manager may hang
of_user() {
    seconds=$1
    shift
    runuser -u "$name" -- env XDG_RUNTIME_DIR="/run/user/$uid" timeout "$seconds" systemctl --user "$@"
}

reload() {
    of_user 10 daemon-reload
    ! of_user 10 --quiet is-active hg-cmdserver.service || of_user 60 reload hg-cmdserver.service ||
        echo "hg-cmdserver: $name's hg-cmdserver.service keeps running the old version" >&2
}

# Both at once, so that no client starts the service again. This waits for running commands.
stop() {
    of_user 300 stop hg-cmdserver.socket hg-cmdserver.service ||
        echo "hg-cmdserver: $name's hg-cmdserver.service may still run" >&2
}

# like deb-systemd-invoke, asks policy-rc.d; only Debian has it
if [ -x /usr/sbin/policy-rc.d ]; then
    status=0
    /usr/sbin/policy-rc.d hg-cmdserver.service "$action" || status=$?
    [ "$status" != 101 ] || exit 0
fi

for manager in $(systemctl list-units --plain --no-legend --state=active 'user@*.service' | cut -d ' ' -f 1); do
    uid=${manager#user@}
    uid=${uid%.service}
    name=$(id -nu "$uid") || continue
    case $action in
        reload) reload ;; # one after another, since each starts a JVM
        stop) stop & ;;   # all at the same time, so that one slow service does not delay the others
    esac
done
wait
