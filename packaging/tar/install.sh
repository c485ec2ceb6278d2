#!/bin/sh
# Installs hg-cmdserver from this directory, or removes it.
#   install.sh [--prefix DIRECTORY]                 below DIRECTORY, by default /usr/local
#   install.sh --uninstall [--prefix DIRECTORY]     removes what an installation there has made, and no other file
set -eu
umask 022 # for all users, whatever the caller's is

fail() {
    printf 'install.sh: %s\n' "$1" >&2
    exit 1
}

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
prefix=/usr/local
uninstall=
while [ $# -gt 0 ]; do
    case $1 in
        --prefix)
            [ $# -gt 1 ] || fail '--prefix: the directory is missing'
            prefix=$2
            shift
            ;;
        --prefix=*) prefix=${1#*=} ;;
        --uninstall) uninstall=yes ;;
        *) fail "$1: unknown; see the beginning of this script" ;;
    esac
    shift
done
[ -n "$prefix" ] || fail 'the name of the directory is empty'
[ -n "$uninstall" ] || mkdir -p -- "$prefix" || fail "cannot write to $prefix; choose another place with --prefix"
[ -d "$prefix" ] || fail "there is no $prefix"
prefix=$(CDPATH='' cd -- "$prefix" && pwd -P)
case $prefix in *'
'*) fail 'the name of the directory has more than one line' ;; esac

# Where the launcher looks for class-data archives, with which a start takes a quarter to a half less time.
if [ "$(id -u)" = 0 ]; then
    cache=/var/cache/hg-cmdserver
else
    case ${XDG_CACHE_HOME:-} in
        /*) cache=$XDG_CACHE_HOME/hg-cmdserver ;;
        *) cache=${HOME:-}/.cache/hg-cmdserver ;;
    esac
fi

# The files of an installation, one a line, relative to the prefix.
list=$prefix/share/hg-cmdserver/installed

if [ -n "$uninstall" ]; then
    [ -f "$list" ] || fail "$prefix has no installation of hg-cmdserver"
    build=$(cut -c 1-16 "$prefix/share/hg-cmdserver/lib/build")
    rm -f -- "$cache"/*-"$build"-*.jsa
    rmdir -- "$cache" 2>/dev/null || true
    files="$(cat "$list")
share/hg-cmdserver/installed"
    printf '%s\n' "$files" | while IFS= read -r file; do
        rm -f -- "$prefix/$file"
    done
    rm -rf -- "$prefix/share/hg-cmdserver/lib/python/__pycache__" "$prefix/share/hg-cmdserver/lib/python/hgcmdserver/__pycache__"
    # its own directories, which are empty now, the deepest first
    printf '%s\n' "$files" | sed -n 's|/[^/]*$||p' | sort -ru | grep '/hg-cmdserver\(/\|$\)' | while IFS= read -r directory; do
        while case $directory in */hg-cmdserver*) true ;; *) false ;; esac && rmdir -- "$prefix/$directory" 2>/dev/null; do
            case $directory in
                */*) directory=${directory%/*} ;;
                *) break ;;
            esac
        done
    done
    echo "removed from $prefix"
    exit
fi

[ -d "$here/lib/python" ] || fail "$here is not the unpacked archive"
mkdir -p -- "$prefix/share/hg-cmdserver" || fail "cannot write to $prefix; choose another place with --prefix"
old=
if [ -f "$list" ]; then
    old=$(cat "$list")
fi
: >"$list.new"

# put FILE DESTINATION: installs a file; a running service keeps the old one, since this replaces the name
put() {
    mkdir -p -- "$prefix/${2%/*}"
    # without -p: the installing user must own the file, and another user may have unpacked the archive
    cp -- "$here/$1" "$prefix/$2.new"
    if [ -x "$here/$1" ]; then
        chmod 755 -- "$prefix/$2.new"
    else
        chmod 644 -- "$prefix/$2.new"
    fi
    mv -f -- "$prefix/$2.new" "$prefix/$2"
    printf '%s\n' "$2" >>"$list.new"
}

# put_tree DIRECTORY DESTINATION
put_tree() {
    (cd -- "$here" && find "$1" -type f) | sort | while IFS= read -r file; do
        put "$file" "$2/${file#"$1"/}"
    done
}

# put_with_path FILE DESTINATION OLD NEW: the same, with OLD, a path in it, replaced by NEW
put_with_path() {
    put "$1" "$2"
    replace_path "$2" "$3" "$4"
}

# replace_path DESTINATION OLD NEW
replace_path() {
    replacement=$(printf %s "$3" | sed 's/[&|\\]/\\&/g')
    sed "s|$2|$replacement|g" "$prefix/$1" >"$prefix/$1.new"
    mv -f -- "$prefix/$1.new" "$prefix/$1"
}

# link TARGET NAME
link() {
    mkdir -p -- "$prefix/${2%/*}"
    ln -sfn -- "$1" "$prefix/$2"
    printf '%s\n' "$2" >>"$list.new"
}

for tree in bin lib libexec; do
    put_tree "$tree" "share/hg-cmdserver/$tree"
done
link ../share/hg-cmdserver/bin/hg-cmdserver bin/hg-cmdserver
link ../../share/hg-cmdserver/libexec lib/hg-cmdserver/bin
put_tree doc share/doc/hg-cmdserver
for page in "$here"/doc/*.md; do # whose paths are those of the packages
    name=${page##*/}
    put_with_path "doc/$name" "share/doc/hg-cmdserver/$name" /usr/lib/hg-cmdserver "$prefix/lib/hg-cmdserver"
    replace_path "share/doc/hg-cmdserver/$name" /usr/share/hg-cmdserver "$prefix/share/hg-cmdserver"
done
for section in 1 5 8; do
    put_tree "man/man$section" "share/man/man$section"
done
put completions/hg-cmdserver.bash share/bash-completion/completions/hg-cmdserver
put completions/_hg-cmdserver share/zsh/site-functions/_hg-cmdserver
put completions/hg-cmdserver.fish share/fish/vendor_completions.d/hg-cmdserver.fish

# systemd.service(5), Command lines: a quoted word, whose "%" is doubled, and not "$" in a program's path; & < > in XML
program=$prefix/bin/hg-cmdserver
in_unit=\"$(printf %s "$program" | sed 's/[\\"]/\\&/g; s/%/%%/g')\"
in_list=$(printf %s "$program" | sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g')
for kind in system user; do
    case $kind in
        system) units=lib/systemd/system ;;
        user) units=share/systemd/user ;;
    esac
    for unit in "$here/systemd/$kind"/*; do
        name=${unit##*/}
        put_with_path "systemd/$kind/$name" "$units/$name" /usr/bin/hg-cmdserver "$in_unit"
    done
done
put systemd/sysusers.conf lib/sysusers.d/hg-cmdserver.conf
put systemd/tmpfiles.conf lib/tmpfiles.d/hg-cmdserver.conf
for file in "$here"/launchd/*; do
    name=${file##*/}
    put_with_path "launchd/$name" "share/hg-cmdserver/launchd/$name" /usr/local/bin/hg-cmdserver "$in_list"
done

# what an earlier release had, and this one has not
printf '%s\n' "$old" | while IFS= read -r file; do
    [ -z "$file" ] || grep -qxF -- "$file" "$list.new" || rm -f -- "$prefix/$file"
done
mv -f -- "$list.new" "$list"

"$program" class-archive "$cache" 2>/dev/null || echo "a start takes longer than it could: no class-data archive in $cache" >&2

echo "hg-cmdserver is installed in $prefix; tarball.md in share/doc/hg-cmdserver is about the system's service. A server of your own:"
if [ "$(uname -s)" = Darwin ]; then
    # shellcheck disable=SC2016 # for the reader's shell
    printf '  launchctl bootstrap gui/$(id -u) "%s/share/hg-cmdserver/launchd/org.hgcmdserver.agent.plist"\n' "$prefix"
else
    case $prefix in
        /usr/local | "$(CDPATH='' cd -- "${HOME:-/}" 2>/dev/null && pwd -P)/.local") ;; # where systemd looks for units
        *) printf '  systemctl --user link "%s"/share/systemd/user/hg-cmdserver.*\n' "$prefix" ;;
    esac
    echo '  systemctl --user daemon-reload'
    echo '  systemctl --user enable --now hg-cmdserver.socket'
fi
# shellcheck disable=SC2016 # for the reader's shell
printf '  eval "$("%s" shell-env)"\n' "$program"
