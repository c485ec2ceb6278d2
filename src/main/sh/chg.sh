# shellcheck shell=sh
# Read by the launcher, by shell-env and by the drop-in hg: which socket is this user's, and whether chg may use it.

# Set $socket to the path of the user's socket, as Address.java finds it.
find_socket() {
    if [ -n "${HG_CMDSERVER_SOCKET:-}" ]; then
        socket=$HG_CMDSERVER_SOCKET
    elif [ -O / ]; then # root
        socket=/run/hg-cmdserver/server.sock
    else
        socket=${XDG_RUNTIME_DIR:-/run/user/$(id -u)}/hg-cmdserver/server.sock
    fi
    case $socket in
        /*) ;;
        *) socket=$PWD/$socket ;;
    esac
}

# Whether the socket is this user's, in a directory of this user's or root's: chg sends the environment and the
# terminal to whatever listens there. The socket's group is another one if root's service runs as another user.
is_ours() {
    [ -S "$socket" ] && [ -O "$socket" ] && [ -G "$socket" ] || return 1
    [ -O "${socket%/*}/" ] || is_roots "${socket%/*}/"
}

# is_roots DIRECTORY: whether the directory is root's, and nobody else can write to it
is_roots() {
    # shellcheck disable=SC2046 # the fields of the line
    set -- $(LC_ALL=C ls -ldn -- "$1" 2>/dev/null)
    case ${1:-} in
        ?????-??-*) [ "$3" = 0 ] ;;
        *) return 1 ;;
    esac
}

# is_listening PATH: whether a process listens at a socket with this path (proc_pid_net(5), unix). Without one,
# chg would put a server of its own in the socket's place.
is_listening() {
    lines=$(LC_ALL=C grep -F -- " $1" /proc/net/unix 2>/dev/null) || return 1
    saved=$IFS
    IFS='
'
    set -f
    for line in $lines; do
        case $line in
            # protocol, flags (__SO_ACCEPTCON), type (SOCK_STREAM), state
            *": "????????" "????????" 00010000 0001 01 "*" $1") IFS=$saved && set +f && return 0 ;;
        esac
    done
    IFS=$saved
    set +f
    return 1
}

# Whether chg can run commands at the socket.
can_use_chg() {
    [ -z "${CHGINTERNALMARK+set}" ] || return 1 # chg refuses to be started by chg
    command -v chg >/dev/null && is_ours || return 1
    # the listener may know the directory by another name
    is_listening "$socket" || is_listening "$(CDPATH='' cd -- "${socket%/*}/" && pwd -P)/${socket##*/}"
}
