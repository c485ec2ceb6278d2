# shellcheck shell=sh
# Each login shell's hg becomes chg at the user's hg-cmdserver, where that listens; see hg-cmdserver(8), shell-env.
# To enable this for all users, remove the "#" before the last line, and run
#   systemctl --global enable hg-cmdserver.socket

# [ ! -x /usr/bin/hg-cmdserver ] || eval "$(/usr/bin/hg-cmdserver shell-env sh)"
