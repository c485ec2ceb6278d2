#!/bin/sh
# Checks the packages that mvn package has built: the same bytes from another build, man pages,
# completions, lintian, rpmlint, the same files in both, and each package's life in a separate root:
# unpacked, run with a /tmp that is noexec, upgraded, removed, purged. The script installs the tools that it
# needs, and nothing else on this system. It needs root, for chroot and for private mounts.
set -eu
cd "$(dirname "$0")/.."

. packaging/install.sh
tools="lintian:lintian rpm:rpm rpmlint:rpmlint mandoc:mandoc man:man-db zsh:zsh fish:fish cpio:cpio strace:strace socat:socat"
[ -e /usr/share/bash-completion/bash_completion ] || tools="$tools completion-of-bash:bash-completion"
if [ "$(id -u)" != 0 ]; then
    for tool in $tools; do
        if ! command -v "${tool%%:*}" >/dev/null; then
            echo "packages-check: the packages were not checked: ${tool%%:*} is missing, which only root can install"
            exit 0
        fi
    done
fi
# shellcheck disable=SC2086 # several words
install_missing $tools

version=$(sed -n 's|^  <version>\(.*\)</version>|\1|p' pom.xml)
deb=target/hg-cmdserver_${version}_all.deb
rpm=target/hg-cmdserver-$version-1.noarch.rpm
work=$(mktemp -d /var/tmp/hg-cmdserver-packages.XXXXXX)
trap 'rm -rf "$work"' EXIT

say() { printf '== %s\n' "$1"; }

fail() {
    printf 'packages-check: %s\n' "$1" >&2
    exit 1
}

say "the same bytes from a build in another place, at another time, with another locale and time zone"
mkdir "$work/checkout"
tar -c --exclude=./target --exclude=./.git . | tar -x -C "$work/checkout"
# touch, since a file's time is the time of its checkout
find "$work/checkout" -type f -exec touch {} +
(
    cd "$work/checkout"
    # the umask is the same, since a jar records it
    MAVEN_OPTS='-Duser.language=tr -Duser.country=TR' TZ=Asia/Kathmandu mvn --batch-mode --quiet --offline package -DskipTests -Dspotless.check.skip=true
)
for package in "$deb" "$rpm" "target/hg-cmdserver-$version.tar.gz"; do
    cmp "$package" "$work/checkout/$package"
done
rm -rf "$work/checkout"

say "man pages"
for page in target/documents/*.[0-9].gz; do
    mandoc -T lint -W warning "$page"
    warnings=$(LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 man --warnings -l "$page" 2>&1 >/dev/null)
    [ -z "$warnings" ] || fail "$page: $warnings"
done

say "pages for readers without a checkout"
for pages in target/documents/pages target/documents/pages-of-tar; do
    ! grep -nE '(^|[^[:alnum:]_/-])(target|packaging|src|\.github)/|mvn |checkout -->|-- package' "$pages"/* ||
        fail "a page names what only a checkout has"
    # a sentence whose end is only in the checkout
    ! grep -HA2 ':$' "$pages"/* | grep '[-:]## ' || fail "a heading follows a colon"
    grep -ohE '\]\([^)]+\)' "$pages"/* | sed 's/^](//; s/)$//' >"$work/links"
    while read -r link; do
        case $link in
            https://*) ;;
            *) [ -e "$pages/$link" ] || fail "a page leads to $link, which is not installed" ;;
        esac
    done <"$work/links"
done

say "completions"
bash -n target/documents/hg-cmdserver.bash
zsh -n target/documents/_hg-cmdserver
fish --no-execute target/documents/hg-cmdserver.fish
python3 packaging/completions_test.py target/documents || fail "a shell completes wrongly"

say "the tar archive"
sh packaging/tar-check.sh "target/hg-cmdserver-$version.tar.gz"

say lintian
lintian --allow-root --tag-display-limit 0 --fail-on error,warning "$deb"

say rpmlint
rpmlint --config packaging/rpm/rpmlint.toml "$rpm"

say "the same files in both"
mkdir "$work/deb" "$work/rpm"
dpkg-deb --extract "$deb" "$work/deb"
rpm2cpio "$rpm" | (cd "$work/rpm" && cpio --extract --quiet --make-directories --preserve-modification-time)
# zsh's functions and licenses have different places in deb and rpm; the files removed are in only one of them
mkdir -p "$work/deb/usr/share/zsh/site-functions" "$work/deb/usr/share/licenses/hg-cmdserver"
mv "$work/deb/usr/share/zsh/vendor-completions/_hg-cmdserver" "$work/deb/usr/share/zsh/site-functions/"
mv "$work/deb/usr/share/doc/hg-cmdserver/copyright" "$work/deb/usr/share/licenses/hg-cmdserver/"
rm -r "$work/deb/usr/share/lintian" "$work/deb/usr/share/bug" "$work/deb/usr/share/doc/hg-cmdserver/changelog.gz" \
    "$work/deb/usr/share/doc/hg-cmdserver/README.Debian" \
    "$work/rpm/usr/share/licenses/hg-cmdserver/LICENSE"
rmdir "$work/deb/usr/share/zsh/vendor-completions"
diff --recursive --no-dereference "$work/deb" "$work/rpm"
# (the rpm has modes only for the package's own directories)
modes() { (cd "$1" && find . -type f -printf '%p %M %s %T@\n' -o -type l -printf '%p -> %l\n' | sort); }
modes "$work/deb" >"$work/deb.modes"
modes "$work/rpm" >"$work/rpm.modes"
diff "$work/deb.modes" "$work/rpm.modes"

say "the configuration file"
conf=$work/deb/etc/hg-cmdserver/hg-cmdserver.conf
help=$(target/dist/bin/hg-cmdserver serve --help)
for option in $(printf '%s\n' "$help" | grep -o '^ *\(-., *\)\?--[a-z-]*' | grep -o -e '--[a-z-]*'); do
    case $option in
        --config-file | --check | --print-config | --help | --version) ;;
        --drain-timeout) grep -qx 'drain-timeout = 1min' "$conf" || fail "drain-timeout is not set" ;;
        --max-workers-per-user) grep -qx 'max-workers-per-user = 40' "$conf" || fail "max-workers-per-user is not set" ;;
        --stop-timeout) grep -qx 'stop-timeout = 15min' "$conf" || fail "stop-timeout is not set" ;;
        *) grep -q "^# ${option#--} = ." "$conf" || fail "$option is not in $conf" ;;
    esac
done
case $help in
    *--check*)
        target/dist/bin/hg-cmdserver serve --check --config-file "$conf"
        # each default in the file is a valid value
        sed -n 's/^# \([a-z-]* = .*[^A-Z].*\)/\1/p' "$conf" >"$work/defaults.conf"
        target/dist/bin/hg-cmdserver serve --check --config-file "$work/defaults.conf"
        ;;
    *) echo "serve has no --check yet: the file was not read" ;;
esac

if [ "$(id -u)" != 0 ] || ! unshare --mount true 2>/dev/null; then
    echo "packages-check: the packages were not installed into separate roots, which needs root and mounts"
    exit 0
fi

say "the program unpacks nothing at run time, with a /tmp that is noexec"
case $(uname -m) in
    x86_64 | aarch64) unshare --mount sh packaging/noexec-check.sh "$work/deb" ;;
    *) echo "skipped: the package has no libraries for $(uname -m)" ;;
esac

say "each package's life in a separate root"
mkdir "$work/packages"
cp "$deb" "$work/packages/1.deb"
dpkg-deb --raw-extract "$deb" "$work/raw"
sed -i "s/^Version: .*/&+upgrade/" "$work/raw/DEBIAN/control"
dpkg-deb --root-owner-group --build "$work/raw" "$work/packages/2.deb" >/dev/null
cp "$rpm" "$work/packages/1.rpm"
mvn --batch-mode --quiet --offline rpm:rpm@rpm -Drpm.release=2 -Drpm.targetDir="$work/packages" \
    -Drpm.outputFileName=2.rpm
unshare --mount sh packaging/life-check.sh "$work/packages"
