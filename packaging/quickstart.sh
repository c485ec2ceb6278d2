#!/bin/sh
# Installs missing packages, builds, and shows the daemon at work: its own socket, a real repository,
# hg log through the socket, and the drain.
set -eu
cd "$(dirname "$0")/.."

. packaging/install.sh
install_missing javac:default-jdk-headless mvn:maven hg:mercurial

mvn --batch-mode --quiet package -DskipTests

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
hg init "$work/repository"
echo hello >"$work/repository/greeting"
hg --cwd "$work/repository" commit --quiet --addremove --user you --message 'the first revision'

say() { printf '\n== %s\n' "$1"; }

say "hg-cmdserver serve --address $work/server.sock"
target/dist/bin/hg-cmdserver serve --address "$work/server.sock" &
daemon=$!
trap 'kill $daemon 2>/dev/null || true; rm -rf "$work"' EXIT
until [ -S "$work/server.sock" ]; do
    kill -0 $daemon
    sleep 0.1
done

say "hg-cmdserver run --address $work/server.sock -- log --repository $work/repository"
target/dist/bin/hg-cmdserver run --address "$work/server.sock" -- log --repository "$work/repository"

say "SIGTERM while a command runs: the command finishes, then the daemon ends"
target/dist/bin/hg-cmdserver run --address "$work/server.sock" -- log --template 'its output: {desc}\n' \
    --repository "$work/repository" --config "hooks.pre-log=touch $work/running; sleep 2" &
client=$!
until [ -e "$work/running" ]; do
    kill -0 $client
    sleep 0.1
done
kill -TERM $daemon
wait $client
status=0
wait $daemon || status=$?
echo "the daemon has ended with status $status; its socket is $([ -e "$work/server.sock" ] && echo there || echo gone)"
exit $status
