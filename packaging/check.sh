#!/bin/sh
# Installs what the tests need, and runs them all. Arguments go to Maven.
set -eu
cd "$(dirname "$0")/.."

. packaging/install.sh
install_missing javac:default-jdk-headless mvn:maven hg:mercurial socat:socat strace:strace \
    zsh:zsh fish:fish shellcheck:shellcheck systemd-socket-activate:systemd python3:python3 cc:gcc cc:libc6-dev npm:npm
if [ "$(id -u)" = 0 ]; then # a booted system, which needs root
    install_missing debootstrap:debootstrap systemd-nspawn:systemd-container
    [ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || install_missing keyring-is-missing:debian-archive-keyring
fi
/usr/bin/python3 -c 'import hglib' 2>/dev/null || install_missing hglib-is-missing:python3-hglib

# npm's hg, a client that the tests run
mkdir -p target/npm
npm install --prefix target/npm --no-save --no-audit --no-fund --ignore-scripts --loglevel=error hg@0.3.3 ||
    echo "npm's hg is not tested: it cannot be installed"

shellcheck -x packaging/*.sh packaging/boot/*.sh packaging/matrix/*.sh packaging/deb/control/p* packaging/rpm/p* \
    src/main/sh/hg-cmdserver src/main/sh/libexec/hg src/main/sh/*.sh
mvn --batch-mode --no-transfer-progress verify "$@"
version=$(sed -n 's|^  <version>\(.*\)</version>|\1|p' pom.xml)
# beside the check of the packages, since the booted system waits most of the time
sh packaging/boot-test.sh "target/hg-cmdserver_${version}_all.deb" >target/boot-test.log 2>&1 &
boot=$!
trap 'kill "$boot" 2>/dev/null; wait "$boot"' EXIT
trap 'exit 1' INT TERM HUP
status=0
sh packaging/packages-check.sh || status=$?
wait "$boot" || status=$?
trap - EXIT
cat target/boot-test.log
exit "$status"
