#!/bin/sh
# For the packages' scripts, before the removal: stops the servers, and prints every few seconds what they wait for.
set -u

# deb-systemd-invoke asks policy-rc.d; only Debian has it
systemctl=systemctl
! command -v deb-systemd-invoke >/dev/null || systemctl=deb-systemd-invoke
units=$(systemctl list-units --plain --no-legend --all 'hg-cmdserver@*' | cut -d ' ' -f 1)

# without the caller's streams, which a sleep that is left behind would keep open
while sleep 5 >/dev/null 2>&1 && kill -0 "$$" 2>/dev/null; do
    for unit in hg-cmdserver.service $units; do
        status=$(systemctl show --property=StatusText "$unit")
        case $status in
            StatusText=Stopping*) echo "$unit: ${status#*=}" ;;
        esac
    done
done &
report=$!
trap 'kill "$report" 2>/dev/null' EXIT
trap 'exit 1' INT TERM HUP

# In one transaction, so that no client starts a service again. This waits for running commands until stop-timeout
# has passed, and for idle clients until drain-timeout has.
# shellcheck disable=SC2086 # several units, if any
$systemctl stop hg-cmdserver.socket hg-cmdserver.service $units >/dev/null || :
/usr/share/hg-cmdserver/user-services stop || :
