#!/bin/sh
# The part of matrix.sh that runs in the container.
# Usage: inside.sh ROUNDS PREFORK-TESTS LATE-PREFORK-TESTS SPAWN-TESTS [-DPROPERTY=VALUE...]
set -eu
rounds=$1 prefork=$2 late=$3 spawn=$4
shift 4
cd "$(dirname "$0")"

# step NAME: prints the elapsed time, to show which step is slow
began=$(date +%s)
step() {
    echo "   $(($(date +%s) - began)) s: $1"
}

mercurial=$(hg version -q | sed 's/.*(version \(.*\))/\1/')
python=$(python3 -c 'import platform; print(platform.python_version())')
java=$(java -version 2>&1 | sed -n 's/.*version "\(.*\)".*/\1/p' | head -n 1)
releases="Mercurial $mercurial, Python $python, Java $java"
echo "$releases"

DEBIAN_FRONTEND=noninteractive apt-get install -q -y ./hg-cmdserver.deb >install.log 2>&1 || {
    cat install.log
    exit 1
}
step "the package is installed"

address=$PWD/server.sock
hg-cmdserver serve --address "$address" >serve.log 2>&1 &
daemon=$!
i=0
until [ -S "$address" ] || [ "$((i += 1))" = 600 ]; do
    sleep 0.1
done
python3 client.py forked "$address" "$daemon" || {
    cat serve.log
    echo "prefork does not come up"
    exit 1
}
kill "$daemon"
wait "$daemon"
step "workers are forked ahead"

classpath='classes:test-classes:jars/*'
# tests KIND REPORTS CLASSES PROPERTIES...: runs these tests with this kind of workers, and leaves the reports in a
# directory of that name; omits one that only tests a test
tests() {
    kind=$1 reports=$2 classes=$3
    shift 3
    [ -n "$classes" ] || return 0
    others=
    [ "$kind" = prefork ] || others=--exclude-tag=once # as in pom.xml
    selected=
    for class in $classes; do
        selected="$selected --select-class=org.hgcmdserver.it.$class"
    done
    # shellcheck disable=SC2086 # it is a list
    java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC --enable-native-access=ALL-UNNAMED -cp "$classpath" \
        -Dhgcmdserver.dist=/usr/share/hg-cmdserver -Dhgcmdserver.workers="$kind" \
        -Dhgcmdserver.archive=daemon "$@" \
        org.junit.platform.console.ConsoleLauncher execute --disable-banner --disable-ansi-colors \
        --details=summary --fail-if-no-tests --include-engine=junit-jupiter $others \
        --exclude-methodname='.*#wrongAnswerIsFoundAndItsSequenceShortened.*' \
        --reports-dir="reports/$reports" $selected || return
    step "tests with workers of the kind $kind: $reports"
}
failed=
# two series at once: most of their time, tests wait
{
    tests spawn spawn "$spawn" "$@" || echo spawn >>failed
    tests prefork late "$late" "$@" || echo late >>failed
} >second.log 2>&1 &
second=$!
tests prefork prefork "$prefork" "$@" || failed=prefork
wait "$second"
cat second.log
[ ! -e failed ] || failed="$failed $(tr '\n' ' ' <failed)"

# the client collects no garbage and compiles little while it measures
timeout 600 java -XX:+UseSerialGC -Xms256m -Xmn192m -XX:TieredStopAtLevel=1 \
    --enable-native-access=ALL-UNNAMED -cp "$classpath" \
    org.hgcmdserver.bench.LatencyCheck /usr/share/hg-cmdserver "$rounds" latency || failed="$failed latency"
step "latency"
if [ -n "$failed" ]; then
    echo "$releases: failed:$failed"
    exit 1
fi
echo "$releases; $(cat latency)" >result
