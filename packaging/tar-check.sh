#!/bin/sh
# Checks the tar archive of mvn package: installs it below a directory whose name has a blank and other signs, runs what
# is installed, installs it once more as another release would, and removes it. Called by packages-check.sh:
#   tar-check.sh ARCHIVE
set -eu

fail() {
    printf 'tar-check: %s\n' "$1" >&2
    exit 1
}

work=$(mktemp -d /var/tmp/hg-cmdserver-tar.XXXXXX)
daemon=
trap '[ -z "$daemon" ] || kill "$daemon" 2>/dev/null || true; rm -rf "$work"' EXIT
mkdir "$work/unpacked"
tar -x -z -f "$1" -C "$work/unpacked"
here=$(echo "$work"/unpacked/hg-cmdserver-*)
prefix="$work/a prefix & 100% of \$it" # systemd takes no quote in the name of a program
mkdir -p "$prefix/bin"
if [ "$(id -u)" = 0 ]; then # as if another user had unpacked it
    chown -R 1:1 "$here"
fi
echo mine >"$prefix/bin/mine"

said=$(umask 077 && sh "$here/install.sh" --prefix "$prefix/../${prefix##*/}")
case $said in
    *"systemctl --user link \"$prefix\"/share/systemd/user/hg-cmdserver.*"*) ;;
    *) fail "the script says: $said" ;;
esac

# the archives that the launcher looks for
archives=/var/cache/hg-cmdserver
[ "$(id -u)" = 0 ] || archives=${XDG_CACHE_HOME:-$HOME/.cache}/hg-cmdserver
build=$(cut -c 1-16 "$prefix/share/hg-cmdserver/lib/build")
for kind in serve run; do
    ls "$archives/$kind-$build"-*.jsa >/dev/null || fail "no class-data archive of $kind"
done

# the files are the installing user's, and readable for all
found=$(find "$prefix" \( ! -user "$(id -un)" -o -type f ! -perm -444 -o -type d ! -perm -555 -o -perm /022 ! -type l \) ! -path "$prefix")
[ -z "$found" ] || fail "wrong owner or mode: $found"
grep -qF "$prefix/lib/hg-cmdserver/bin/hg" "$prefix/share/doc/hg-cmdserver/clients.md" || fail 'a page names other paths'

# what is installed works where it is, without what it came from
mv "$here" "$work/elsewhere"
"$prefix/bin/hg-cmdserver" --version
hg init "$work/repository"
echo x >"$work/repository/x"
hg -R "$work/repository" commit -q -A -m first -u me
"$prefix/bin/hg-cmdserver" serve --address "$work/server.sock" 2>"$work/log" &
daemon=$!
tries=0
until grep -q 'listening at' "$work/log"; do
    tries=$((tries + 1))
    if [ "$tries" = 600 ] || ! kill -0 "$daemon"; then
        fail "no daemon: $(cat "$work/log")"
    fi
    sleep 0.1
done
found=$(cd "$work/repository" && "$prefix/bin/hg-cmdserver" run --address "$work/server.sock" --no-chg -- log -T '{desc}')
[ "$found" = first ] || fail "the log is: $found"
found=$(cd "$work/repository" && HG_CMDSERVER_SOCKET=$work/server.sock "$prefix/lib/hg-cmdserver/bin/hg" log -T '{desc}')
[ "$found" = first ] || fail "the log of the drop-in is: $found"
grep -qF "$archives/serve-$build" "/proc/$daemon/maps" || fail 'the daemon uses no class-data archive'
kill "$daemon"
wait "$daemon"
daemon=
MANPATH=$prefix/share/man man --where hg-cmdserver hg-cmdserver-run hg-cmdserver.conf >/dev/null || fail 'a page is missing'

# the service managers' files name the program
python3 - "$prefix" <<'END'
import plistlib, sys
for name in 'agent', 'daemon':
    with open('%s/share/hg-cmdserver/launchd/org.hgcmdserver.%s.plist' % (sys.argv[1], name), 'rb') as f:
        program = plistlib.load(f)['ProgramArguments'][0]
    assert program == sys.argv[1] + '/bin/hg-cmdserver', program
END
if command -v systemd-analyze >/dev/null; then
    for unit in share/systemd/user lib/systemd/system; do
        warnings=$(systemd-analyze verify --man=no "$prefix/$unit/hg-cmdserver.service" 2>&1 | grep -F hg-cmdserver || true)
        [ -z "$warnings" ] || fail "systemd says: $warnings"
    done
    # a program that is missing would be reported
    mv "$prefix/bin/hg-cmdserver" "$work/command"
    systemd-analyze verify --man=no "$prefix/share/systemd/user/hg-cmdserver.service" 2>&1 |
        grep -qF "$prefix/bin/hg-cmdserver is not executable" || fail 'systemd does not look for the program in its place'
    mv "$work/command" "$prefix/bin/hg-cmdserver"
else
    echo 'tar-check: without systemd-analyze the units were not verified'
fi

# another release: files that it does not have go, those of others stay
: >"$work/elsewhere/lib/new.jar"
sh "$work/elsewhere/install.sh" --prefix "$prefix" >/dev/null
[ -e "$prefix/share/hg-cmdserver/lib/new.jar" ] || fail 'a new file is missing'
rm "$work/elsewhere/lib/new.jar"
sh "$work/elsewhere/install.sh" --prefix="$prefix" >/dev/null
[ ! -e "$prefix/share/hg-cmdserver/lib/new.jar" ] || fail 'a file of the earlier release is still there'
"$prefix/bin/hg-cmdserver" --version >/dev/null

sh "$work/elsewhere/install.sh" --uninstall --prefix "$prefix" >/dev/null
left=$(cd "$prefix" && find . ! -type d -o -path '*hg-cmdserver*')
[ "$left" = ./bin/mine ] || fail "left: $left"
! ls "$archives"/*-"$build"-*.jsa 2>/dev/null || fail 'class-data archives are left'
! sh "$work/elsewhere/install.sh" --uninstall --prefix "$prefix" 2>/dev/null || fail 'nothing was removed twice'
echo 'the archive: installed, run, upgraded, removed'
