#!/bin/sh
# Measures the daemon and its peers in one run:
#   benchmark.sh [servers [ROUNDS [CONNECTIONS]]]   latency, throughput, memory, start, a long run
#   benchmark.sh programs [ROUNDS]                  whole processes: hg, chg, the drop-in hg
#   benchmark.sh start [ROUNDS]                     from a start to READY, hello and a first answer; memory at rest
#   benchmark.sh connect                            what the daemon adds to the start of a worker
set -eu
cd "$(dirname "$0")/.."

case ${1:-servers} in
    connect) program=org.hgcmdserver.bench.ConnectBenchmark ;;
    programs) program=org.hgcmdserver.bench.ProgramBenchmark ;;
    start) program=org.hgcmdserver.bench.StartBenchmark ;;
    servers) program=org.hgcmdserver.bench.ServerBenchmark ;;
    *)
        echo "usage: packaging/benchmark.sh [servers [ROUNDS [CONNECTIONS]] | programs [ROUNDS] | start [ROUNDS] | connect]" >&2
        exit 64
        ;;
esac
[ $# = 0 ] || shift

. packaging/install.sh
install_missing javac:default-jdk-headless mvn:maven hg:mercurial socat:socat systemd-socket-activate:systemd

mvn --batch-mode --quiet package -DskipTests

# as the packages' scripts do for the system's Java; for this one only, and only as root
archives=/var/cache/hg-cmdserver
java=${JAVA_HOME:+$JAVA_HOME/bin/}java
if [ "$program" = org.hgcmdserver.bench.StartBenchmark ] && [ "$(id -u)" = 0 ] && [ ! -e "$archives" ]; then
    trap 'rm -rf "$archives"' EXIT
    trap 'exit 1' HUP INT TERM
    target/dist/bin/hg-cmdserver class-archive "$archives"
fi

# whole programs start as a shell starts them, without the JVM's helper program; later Javas warn that this will go
launch=
[ "$program" != org.hgcmdserver.bench.ProgramBenchmark ] || launch=-Djdk.lang.Process.launchMechanism=VFORK

# the client collects no garbage and compiles little while it measures
"$java" ${launch:+"$launch"} -XX:+UseSerialGC -Xms640m -Xmn512m -XX:TieredStopAtLevel=1 \
    -Djava.awt.headless=true --enable-native-access=ALL-UNNAMED \
    -cp "target/test-classes:target/classes:$(cat target/test-classpath)" \
    "$program" "$PWD/target/dist" "$@"
