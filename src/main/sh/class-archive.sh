# shellcheck shell=sh
# hg-cmdserver class-archive DIRECTORY: makes class-data archives (-XX:SharedClassListFile in java(1)) of serve and of
# run, with which a start takes a quarter to a half less time. They replace the JDK's own archive: a dynamic one
# (-XX:ArchiveClassesAtExit) on top of that one would take 3 MB more of the daemon's memory. The launcher runs this script:
#   class-archive.sh LAUNCHER BUILD DIRECTORY NAME
# BUILD is the file whose time the archives get, NAME a part of their names. Says nothing.
set -u
launcher=$1 built=$2 directory=$3 name=$4

LONGEST=180 # seconds, on a busy machine; then the script gives up

exec </dev/null >/dev/null 2>&1
umask 022
mkdir -p -- "$directory" && cd -- "$directory" || exit 1
find . -name . -o -name 'new.*' -mmin +10 -prune -exec rm -rf {} + # of a script that was killed
work=$(mktemp -d "$directory/new.XXXXXX") || exit 1
daemon='' watchdog=''
end() {
    status=$?
    trap '' EXIT HUP INT TERM
    for process in $daemon $watchdog; do
        kill -s TERM "$process"
    done
    cd / && rm -rf -- "$work"
    exit "$status"
}
trap end EXIT
trap 'exit 1' HUP INT TERM
cd -- "$work" || exit 1
sleep "$LONGEST" && kill -s TERM $$ &
watchdog=$!

# an environment and a configuration of its own; the JVM takes no blanks in options, so their paths are relative
for variable in $(env | sed -n -E 's/^(LISTEN_[A-Z]*|NOTIFY_[A-Z]*|WATCHDOG_[A-Z]*|HG[A-Z_]*|J[A-Z_]*_OPTIONS|_JAVA_OPTIONS)=.*/\1/p'); do
    unset "$variable"
done
export HOME="$work" XDG_CONFIG_HOME="$work" TMPDIR="$work" HGRCPATH=
: >conf

# with_java OPTIONS ARGUMENT...: runs the launcher with options of the JVM
with_java() {
    options=$1
    shift
    HG_CMDSERVER_JAVA_OPTIONS="$options" sh "$launcher" "$@"
}

HG_CMDSERVER_JAVA_OPTIONS=-XX:DumpLoadedClassList=serve.list sh "$launcher" serve --config-file conf --address "$work/socket" &
daemon=$!
until [ -S socket ]; do
    kill -s 0 "$daemon" || exit 1
    sleep 0.1
done
with_java -XX:DumpLoadedClassList=run.list run --no-chg --address "$work/socket" -- version -q || exit 1
kill -s TERM "$daemon"
wait "$daemon" || exit 1
daemon=
echo org/hgcmdserver/cli/ConfigPlaces >>serve.list # which a daemon without --config-file loads too

for command in serve run; do
    with_java "-Xshare:dump -XX:SharedClassListFile=$command.list -XX:SharedArchiveFile=$command.jsa" "$command" || exit 1
    # only an archive that the JVM accepts; it has to be on the disk before its time says that it is whole
    with_java "-Xshare:on -XX:SharedArchiveFile=$command.jsa" "$command" --version || exit 1
    { sync "$command.jsa" || sync; } && chmod 644 "$command.jsa" && touch -r "$built" "$command.jsa" || exit 1
done
rm -f -- "$directory"/serve-*.jsa "$directory"/run-*.jsa
for command in serve run; do
    mv -f "$command.jsa" "$directory/$command-$name.jsa" || exit 1
done
