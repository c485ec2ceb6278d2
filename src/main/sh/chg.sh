# shellcheck shell=sh
# Read by the launcher, by shell-env and by the drop-in hg: which socket is this user's, and whether chg may use it.
# The names of variables are unusual, since an assignment to one of the environment's reaches the command.

# Set $hgcmdserver_socket to the path of the user's socket, as Address.java finds it.
hgcmdserver_find_socket() {
    hgcmdserver_refused='' hgcmdserver_root=''
    if [ -n "${HG_CMDSERVER_SOCKET:-}" ]; then
        hgcmdserver_socket=$HG_CMDSERVER_SOCKET
    elif [ -O / ] && [ "$(id -u)" = 0 ]; then # in a container / may be another user's
        hgcmdserver_root=yes
        hgcmdserver_read_client /etc || hgcmdserver_socket=/run/hg-cmdserver/server.sock
    else
        case ${XDG_CONFIG_HOME:-} in
            /*) hgcmdserver_read_client "$XDG_CONFIG_HOME" ;;
            *) hgcmdserver_read_client "${HOME:-}/.config" ;;
        esac || {
            hgcmdserver_socket=${XDG_RUNTIME_DIR:-/run/user/$(id -u)}/hg-cmdserver/server.sock
            # a user with a server of their own uses that one
            [ -e "$hgcmdserver_socket" ] || hgcmdserver_read_client /etc || true
        }
    fi
    case $hgcmdserver_socket in
        /*) ;;
        *) hgcmdserver_socket=$PWD/$hgcmdserver_socket ;;
    esac
}

# hgcmdserver_read_client DIRECTORY: sets $hgcmdserver_socket to the address in the section [client] of the
# configuration file in that directory, if it has one; that section comes first (ConfigFile.java). A file is read byte by
# byte by some shells, so this stops at the next section. Root reads no file that others can change, and
# $hgcmdserver_refused is its name; for other users, and for the directories, Java alone has that rule (SafePath.java).
hgcmdserver_read_client() {
    hgcmdserver_file=$1/hg-cmdserver/hg-cmdserver.conf hgcmdserver_section='' hgcmdserver_found=''
    [ -f "$hgcmdserver_file" ] && [ -r "$hgcmdserver_file" ] || return 1
    if [ "$hgcmdserver_root" ] && ! hgcmdserver_is_roots "$hgcmdserver_file"; then
        hgcmdserver_refused=$hgcmdserver_file
        return 1
    fi
    while read -r hgcmdserver_line || [ -n "$hgcmdserver_line" ]; do
        hgcmdserver_line=${hgcmdserver_line%[[:cntrl:]]} # the line may end as in DOS, which hides blanks from read
        hgcmdserver_line=${hgcmdserver_line%"${hgcmdserver_line##*[![:blank:]]}"}
        case $hgcmdserver_line in
            '' | '#'* | ';'*) ;;
            '['*)
                [ "$hgcmdserver_line" = '[client]' ] || break
                hgcmdserver_section=client
                ;;
            address*=*)
                [ "$hgcmdserver_section" ] || break
                hgcmdserver_name=${hgcmdserver_line%%=*}
                case ${hgcmdserver_name#address} in *[![:blank:]]*) continue ;; esac
                hgcmdserver_found=${hgcmdserver_line#*=}
                hgcmdserver_found=${hgcmdserver_found#"${hgcmdserver_found%%[![:blank:]]*}"}
                ;;
            *) [ "$hgcmdserver_section" ] || break ;;
        esac
    done <"$hgcmdserver_file"
    [ -n "$hgcmdserver_found" ] && hgcmdserver_socket=$hgcmdserver_found
}

# Whether the socket is this user's, and nobody else but root can put another one in its place: chg sends the
# environment and the terminal to whatever listens there. The socket's group is another one if root's service runs as
# another user.
hgcmdserver_is_ours() {
    [ -S "$hgcmdserver_socket" ] && [ -O "$hgcmdserver_socket" ] && [ -G "$hgcmdserver_socket" ] &&
        hgcmdserver_is_safe "$hgcmdserver_socket"
}

# hgcmdserver_is_safe SOCKET: whether the socket, and each directory and each link on the way to it, is this user's or
# root's, and no other user can write to such a directory, unless it is sticky (SafePath.java). The shell follows the
# path; a single stat, since each program takes a millisecond, says whose everything is, and who asks.
hgcmdserver_is_safe() {
    hgcmdserver_at='' hgcmdserver_rest=$1/ hgcmdserver_links='' hgcmdserver_newline='
'
    set -- /proc/self/. /
    while [ -n "$hgcmdserver_rest" ]; do
        hgcmdserver_next=$hgcmdserver_at/${hgcmdserver_rest%%/*}
        hgcmdserver_rest=${hgcmdserver_rest#*/}
        case $hgcmdserver_next in
            */ | */.) continue ;;
            */..) hgcmdserver_at=${hgcmdserver_at%/*} && continue ;; # passed already
        esac
        set -- "$@" "$hgcmdserver_next"
        if [ -h "$hgcmdserver_next" ]; then
            hgcmdserver_links=$hgcmdserver_links.
            [ ${#hgcmdserver_links} -le 40 ] && hgcmdserver_target=$(readlink "$hgcmdserver_next") || return 1
            hgcmdserver_rest=$hgcmdserver_target/$hgcmdserver_rest
            case $hgcmdserver_target in /*) hgcmdserver_at='' ;; esac
        else
            hgcmdserver_at=$hgcmdserver_next
        fi
    done
    hgcmdserver_lines=$(LC_ALL=C stat -c '%u %A' -- "$@" 2>/dev/null) || return 1
    hgcmdserver_user=${hgcmdserver_lines%% *}
    hgcmdserver_lines=${hgcmdserver_lines#*"$hgcmdserver_newline"}
    hgcmdserver_other=${hgcmdserver_lines%% *} # in a user namespace root's files may be an unmapped user's
    while [ -n "$hgcmdserver_lines" ]; do
        hgcmdserver_line=${hgcmdserver_lines%%"$hgcmdserver_newline"*}
        hgcmdserver_lines=${hgcmdserver_lines#"$hgcmdserver_line"}
        hgcmdserver_lines=${hgcmdserver_lines#"$hgcmdserver_newline"}
        case ${hgcmdserver_line%% *} in
            0 | "$hgcmdserver_user" | "$hgcmdserver_other") ;;
            *) return 1 ;;
        esac
        case ${hgcmdserver_line#* } in
            d????-??-? | d????????[tT] | [ls]*) ;;
            *) return 1 ;;
        esac
    done
}

# hgcmdserver_is_roots FILE: whether root owns the file, and no other user can write to it
hgcmdserver_is_roots() {
    # shellcheck disable=SC2046 # the fields of the line
    set -- $(LC_ALL=C ls -ldnL -- "$1" 2>/dev/null)
    case ${1:-} in
        ?????-??-*) [ "$3" = 0 ] ;;
        *) return 1 ;;
    esac
}

# hgcmdserver_is_listening PATH: whether a process in this network namespace listens at a socket with this path
# (proc_pid_net(5), unix). Without one, chg would put a server of its own in the socket's place.
hgcmdserver_is_listening() (
    lines=$(LC_ALL=C grep -F -- " $1" /proc/net/unix 2>/dev/null) || exit 1
    IFS='
'
    set -f
    for line in $lines; do
        case $line in
            # protocol, flags (__SO_ACCEPTCON), type (SOCK_STREAM), state
            *": "????????" "????????" 00010000 0001 01 "*" $1") exit 0 ;;
        esac
    done
    exit 1
)

# Whether the daemon that has put the file beside the socket still runs (ProcessMark.java): without another program.
hgcmdserver_is_marked() {
    hgcmdserver_pid='' hgcmdserver_start='' hgcmdserver_stat=''
    [ -f "$hgcmdserver_socket.pid" ] && [ -O "$hgcmdserver_socket.pid" ] || return 1
    { read -r hgcmdserver_pid hgcmdserver_start <"$hgcmdserver_socket.pid" &&
        read -r hgcmdserver_stat <"/proc/$hgcmdserver_pid/stat"; } 2>/dev/null || return 1
    # shellcheck disable=SC2086 # the fields after the name, which may contain anything
    set -- ${hgcmdserver_stat##*') '}
    [ -n "$hgcmdserver_start" ] && [ "${20:-}" = "$hgcmdserver_start" ]
}

# Whether chg can run commands at the socket.
hgcmdserver_can_use_chg() {
    [ -z "$hgcmdserver_refused" ] || return 1 # "hg-cmdserver run" says why
    [ -z "${CHGINTERNALMARK+set}" ] || return 1 # chg refuses to be started by chg
    command -v chg >/dev/null && hgcmdserver_is_ours || return 1
    # the listener may know the directory by another name
    hgcmdserver_is_marked || hgcmdserver_is_listening "$hgcmdserver_socket" ||
        hgcmdserver_is_listening \
            "$(CDPATH='' cd -- "${hgcmdserver_socket%/*}/" && pwd -P)/${hgcmdserver_socket##*/}"
}
