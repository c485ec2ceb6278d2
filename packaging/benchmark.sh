#!/bin/sh
# Measures the daemon beside its peers: benchmark.sh connect
set -eu
cd "$(dirname "$0")/.."

case ${1:-} in
    connect) program=org.hgcmdserver.bench.ConnectBenchmark ;;
    *)
        echo "usage: packaging/benchmark.sh connect" >&2
        exit 64
        ;;
esac
shift

. packaging/install.sh
install_missing javac:default-jdk-headless mvn:maven hg:mercurial socat:socat

mvn --batch-mode --quiet package -DskipTests dependency:build-classpath
exec java --enable-native-access=ALL-UNNAMED \
    -cp "target/test-classes:target/classes:$(cat target/test-classpath)" \
    "$program" "$PWD/target/dist" "$@"
