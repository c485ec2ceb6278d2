#!/bin/sh
# For packages-check.sh, in a mount namespace of its own: installs, upgrades, removes and purges 1.deb
# and 2.deb, and 1.rpm and 2.rpm, of the given directory. Each has as its root an overlay above this
# system's files, which it can read, but not change; the overlay shows its changes. No systemd runs there;
# a stand-in records the scripts' calls of systemctl. (boot-test.sh tests a booted system.)
set -eu

packages=$1
socket_link=etc/systemd/system/sockets.target.wants/hg-cmdserver.socket

mount --make-rprivate /
layer=$packages/layer
mkdir "$layer"
mount -t tmpfs tmpfs "$layer"

fail() {
    printf 'life-check: %s\n' "$1" >&2
    [ ! -e "${root:-}/calls" ] || sed 's/^/    systemctl /' "$root/calls" >&2
    exit 1
}

# A root without any file of the package.
new_root() {
    root=$layer/$1/root
    changed=$layer/$1/changed
    mkdir -p "$root" "$changed" "$layer/$1/work"
    mount -t overlay overlay -o "lowerdir=/,upperdir=$changed,workdir=$layer/$1/work" "$root"
    mount --rbind /dev "$root/dev"
    mount -t proc proc "$root/proc"
    rm -rf "$root/run/systemd/system" "$root/usr/sbin/policy-rc.d"
    mkdir -p "$root/packages"
    cp "$packages"/*.deb "$root/packages/"
}

# From now on systemd appears to run, with the system's service, alice's, and a user who is logged in. The
# real systemctl still keeps track of enabled units.
pretend_systemd() {
    mkdir -p "$root/run/systemd/system"
    in_root id -nu 1000 >/dev/null 2>&1 || in_root useradd --system --no-create-home --uid 1000 somebody
    mv "$root/usr/bin/systemctl" "$root/usr/bin/systemctl.real"
    cat >"$root/usr/bin/systemctl" <<'EOF'
#!/bin/sh
[ "$1" != --version ] || exec systemctl.real "$@"
as=
[ "$(id -u)" = 0 ] || as=" as $(id -u), $XDG_RUNTIME_DIR"
echo "$*$as" >>/calls
case "$*" in
    *list-units*user@*) echo "user@1000.service loaded active running User Manager" ;;
    *list-units*--all*) echo "hg-cmdserver@alice.service loaded active running Alice's" ;;
    *list-units*)
        echo "hg-cmdserver.service loaded active running All's"
        echo "hg-cmdserver@alice.service loaded active running Alice's"
        ;;
    *is-enabled*) echo enabled ;;
    *disable*) SYSTEMD_OFFLINE=1 systemctl.real "$@" ;;
esac
EOF
    chmod +x "$root/usr/bin/systemctl"
}

# called REGEX, called_not REGEX: whether a call of systemctl since the last forget matches
forget() { : >"$root/calls" && chmod 666 "$root/calls"; }
called() { grep -q -e "$1" "$root/calls" || fail "$2: systemctl was not called with $1"; }
called_not() { ! grep -q -e "$1" "$root/calls" || fail "$2: systemctl was called with $1"; }

in_root() { LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot "$root" "$@"; }

there() { [ -e "$root/$1" ] || [ -h "$root/$1" ] || fail "$2: /$1 does not exist"; }
gone() { if [ -e "$root/$1" ] || [ -h "$root/$1" ]; then fail "$2: /$1 still exists"; fi; }

# The files that are left, except the package managers' own records, and the account, which stays.
left() {
    (cd "$changed" && find . ! -type d \
        ! -path './var/lib/dpkg/*' ! -path './var/log/*' ! -path './var/lib/rpm/*' ! -path './var/cache/man/*' \
        ! -path './packages/*' ! -path './calls' ! -path './usr/bin/systemctl*' \
        ! -path './var/lib/systemd/deb-systemd-*' ! -path './etc/group*' ! -path './etc/gshadow*' \
        ! -path './etc/passwd*' ! -path './etc/shadow*' ! -path './etc/.pwd.lock' ! -path './root/*' ! -type c
    find . -name '*hg-cmdserver*' ! -path './var/lib/dpkg/*' ! -type c)
}

# serves STEP: the installed program answers
serves() {
    in_root sh -eu -c '
        rm -rf /packages/r && mkdir /packages/r && cd /packages/r && hg init repository
        hg-cmdserver serve --address /packages/r/s 2>log &
        until [ -S s ]; do kill -0 $!; sleep 0.1; done
        hg-cmdserver run --no-chg --address /packages/r/s -- -R repository root
        kill $! && wait $!' >/dev/null || fail "$1: the program does not answer"
}

# An administrator enables units, for one user and for all.
instance_link=etc/systemd/system/multi-user.target.wants/hg-cmdserver@alice.socket
global_link=etc/systemd/user/sockets.target.wants/hg-cmdserver.socket
enable_users() {
    in_root env SYSTEMD_OFFLINE=1 systemctl.real --quiet enable hg-cmdserver@alice.socket
    in_root env SYSTEMD_OFFLINE=1 systemctl.real --quiet --global enable hg-cmdserver.socket
    there "$instance_link" "$step"
    there "$global_link" "$step"
}

# An administrator's change of the configuration, which must survive.
administrator() { sed -i 's/^# max-idle = 8/max-idle = 9/' "$root/etc/hg-cmdserver/hg-cmdserver.conf"; }
change_is() { grep -qx 'max-idle = 9' "$root/etc/hg-cmdserver/hg-cmdserver.conf$1" || fail "$2: the change of the configuration is lost"; }

deb_life() {
    new_root deb
    dpkg="in_root dpkg --force-confdef --force-depends"

    step="deb, installed without systemd"
    $dpkg --install /packages/1.deb >/dev/null
    there "$socket_link" "$step"
    there run/hg-cmdserver "$step"
    in_root getent passwd hg-cmdserver >/dev/null || fail "$step: the user hg-cmdserver does not exist"
    there usr/share/hg-cmdserver/lib/python/hgcmdserver/__pycache__ "$step"
    serves "$step"
    administrator

    pretend_systemd
    step="deb, upgraded"
    forget
    $dpkg --install /packages/2.deb >/dev/null
    called '^reload hg-cmdserver\.service$' "$step"
    called '^reload hg-cmdserver@alice\.service$' "$step"
    called '^--user reload hg-cmdserver\.service as 1000, /run/user/1000$' "$step"
    called '^--user daemon-reload as 1000' "$step"
    called 'daemon-reload$' "$step"
    called_not 'stop\|restart\|disable' "$step"
    change_is '' "$step"
    serves "$step"

    step="deb, upgraded while its socket is disabled"
    in_root env SYSTEMD_OFFLINE=1 systemctl.real --quiet disable hg-cmdserver.socket
    gone "$socket_link" "$step"
    $dpkg --install /packages/2.deb >/dev/null
    gone "$socket_link" "$step"

    step="deb, removed"
    forget
    $dpkg --remove hg-cmdserver >/dev/null
    called 'stop hg-cmdserver\.socket hg-cmdserver\.service hg-cmdserver@alice\.service$' "$step"
    called '^--user stop hg-cmdserver\.socket hg-cmdserver\.service as 1000, /run/user/1000$' "$step"
    gone usr/share/hg-cmdserver "$step"
    gone usr/lib/hg-cmdserver "$step"
    gone run/hg-cmdserver "$step"
    change_is '' "$step"

    step="deb, installed again"
    forget
    $dpkg --install /packages/1.deb >/dev/null
    gone "$socket_link" "$step"
    change_is '' "$step"
    in_root env SYSTEMD_OFFLINE=1 systemctl.real --quiet enable hg-cmdserver.socket
    enable_users

    step="deb, purged"
    $dpkg --purge hg-cmdserver >/dev/null
    [ -z "$(left)" ] || fail "$step: left behind: $(left)"

    step="deb, installed with systemd"
    forget
    $dpkg --install /packages/1.deb >/dev/null
    called '^--quiet --system start hg-cmdserver\.socket$\|^start hg-cmdserver\.socket$' "$step"
    called_not 'stop\|restart\|reload hg-' "$step"

    step="deb, after an upgrade that has failed"
    forget
    in_root env DPKG_MAINTSCRIPT_PACKAGE=hg-cmdserver /var/lib/dpkg/info/hg-cmdserver.postinst abort-upgrade 9 ||
        fail "$step: the postinst script fails"
    called_not 'stop\|restart\|disable' "$step"

    step="deb, upgraded while policy-rc.d forbids"
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
    chmod +x "$root/usr/sbin/policy-rc.d"
    forget
    $dpkg --install /packages/2.deb >/dev/null 2>&1
    called_not 'reload hg-' "$step"

    step="deb, removed while policy-rc.d forbids"
    forget
    $dpkg --remove hg-cmdserver >/dev/null 2>&1
    called_not 'stop hg-' "$step"
    gone usr/share/hg-cmdserver "$step"
}

rpm_life() {
    new_root rpm
    # --root: another root directory; --force-debian: rpm refuses to install on Debian without it
    rpm="rpm --root $root --nodeps --force-debian"
    rpm --root "$root" --initdb

    step="rpm, installed without systemd"
    $rpm --install "$packages"/1.rpm
    there "$socket_link" "$step"
    there run/hg-cmdserver "$step"
    $rpm --verify hg-cmdserver || fail "$step: the installed files differ from the package's"
    serves "$step"
    administrator

    pretend_systemd
    step="rpm, upgraded"
    forget
    $rpm --upgrade "$packages"/2.rpm
    [ "$(rpm --root "$root" --query hg-cmdserver | wc -l)" = 1 ] || fail "$step: two versions are installed"
    called '^reload hg-cmdserver\.service$' "$step"
    called '^reload hg-cmdserver@alice\.service$' "$step"
    called '^--user reload hg-cmdserver\.service as 1000, /run/user/1000$' "$step"
    called '^--user daemon-reload as 1000' "$step"
    called 'daemon-reload$' "$step"
    called_not 'stop\|start\|disable' "$step"
    [ "$(grep -c "^reload hg-cmdserver.service" "$root/calls")" = 1 ] ||
        fail "$step: the service was reloaded more than once"
    change_is '' "$step"
    serves "$step"

    step="rpm, removed"
    enable_users
    forget
    $rpm --erase hg-cmdserver 2>/dev/null
    gone "$socket_link" "$step"
    gone "$instance_link" "$step"
    gone "$global_link" "$step"
    called 'stop hg-cmdserver\.socket hg-cmdserver\.service hg-cmdserver@alice\.service$' "$step"
    called '^--user stop hg-cmdserver\.socket hg-cmdserver\.service as 1000, /run/user/1000$' "$step"
    gone usr/share/hg-cmdserver "$step"
    gone usr/lib/hg-cmdserver "$step"
    change_is .rpmsave "$step"

    step="rpm, installed with systemd"
    forget
    $rpm --install "$packages"/1.rpm
    called 'preset hg-cmdserver\.socket' "$step"
    called '^start hg-cmdserver\.socket$' "$step"
    called_not 'stop\|restart\|reload hg-' "$step"
}

deb_life
rpm_life
