# shellcheck shell=sh
# hg-cmdserver class-archive DIRECTORY: makes class-data archives (-XX:ArchiveClassesAtExit in java(1)) of serve and of
# run, with which a JVM starts in about half the time. Packages run it at their installation; a daemon that has found no
# archive becomes this script at its orderly end.
#   class-archive.sh LAUNCHER LIB DIRECTORY
# Says nothing, and ends with 0 in any case: without archives all works, only slower.
set -u
launcher=$1 lib=$2 directory=$3 build=

exec </dev/null >/dev/null 2>&1
umask 022
{ read -r build <"$lib/build" || [ -n "$build" ]; } && mkdir -p -- "$directory" && work=$(mktemp -d -- "$directory/new.XXXXXX") || exit 0
build=${build%"${build#????????????????}"} # enough of a checksum for a name
daemon=
end() {
    [ -z "$daemon" ] || kill -s TERM "$daemon"
    rm -rf -- "$work"
    exit 0
}
trap end EXIT HUP INT TERM
cd -- "$work" || exit

# an environment and a configuration of its own; the JVM takes no blanks in options, so their paths are relative
for name in $(env | sed -n 's/^\(LISTEN_[A-Z]*\|NOTIFY_[A-Z]*\|WATCHDOG_[A-Z]*\|HG[A-Z_]*\|J[A-Z_]*_OPTIONS\|_JAVA_OPTIONS\)=.*/\1/p'); do
    unset "$name"
done
export HOME="$work" XDG_CONFIG_HOME="$work" XDG_CACHE_HOME="$work" TMPDIR="$work" HGRCPATH=
: >conf

# java OPTIONS ARGUMENT...: runs the launcher with options of the JVM
with_java() {
    options=$1
    shift
    HG_CMDSERVER_JAVA_OPTIONS="$options" sh "$launcher" "$@"
}

HG_CMDSERVER_JAVA_OPTIONS=-XX:ArchiveClassesAtExit=serve.jsa
export HG_CMDSERVER_JAVA_OPTIONS
sh "$launcher" serve --config-file conf --address "$work/socket" &
daemon=$!
tries=0
until [ -S socket ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 300 ] && kill -s 0 "$daemon" || exit
    sleep 0.1
done
with_java -XX:ArchiveClassesAtExit=run.jsa run --no-chg --address "$work/socket" -- version -q || exit
kill -s TERM "$daemon"
wait "$daemon" || exit
daemon=

for command in serve run; do
    # only an archive that the JVM accepts
    [ -n "$(with_java "-Xshare:on -XX:SharedArchiveFile=$command.jsa" "$command" --version)" ] || continue
    # truncation, which would crash the JVM, changes the time
    chmod 644 "$command.jsa" && touch -r "$lib/build" "$command.jsa" &&
        rm -f -- "$directory/$command"-*.jsa && mv -f "$command.jsa" "$directory/$command-$build.jsa"
done
