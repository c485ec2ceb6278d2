# shellcheck shell=sh
# hg-cmdserver shell-env: prints commands for a shell to evaluate, which make `hg` the drop-in hg.
#   shell-env.sh DROP-IN [ARGUMENT...]
# Run by the launcher, without Java, since each login waits for it.
set -u
dropin=$1
shift

fail() {
    printf 'hg-cmdserver: %s; see: hg-cmdserver shell-env --help\n' "$1" >&2
    exit 64
}

address=
shell=
while [ $# -gt 0 ]; do
    case $1 in
        --address)
            [ -n "${2:-}" ] || fail '--address: the path is missing'
            address=$2
            shift
            ;;
        --address=?*) address=${1#*=} ;;
        --address=) fail '--address: the path is missing' ;;
        -*) fail "$1: unknown option" ;;
        *)
            [ -z "$shell" ] || fail "$1: one shell is enough"
            shell=$1
            ;;
    esac
    shift
done
[ -n "$shell" ] || shell=${SHELL:-sh}
case ${shell##*/} in
    fish) fish=yes ;;
    sh | bash | dash | ksh | zsh) fish= ;;
    *) fail "$shell: not a shell that is supported; give sh, bash, zsh or fish" ;;
esac

HG_CMDSERVER_SOCKET=${address:-${HG_CMDSERVER_SOCKET:-}}
# shellcheck source=src/main/sh/chg.sh
. "${dropin%/*}/../lib/chg.sh"
hgcmdserver_find_socket

# quoted TEXT: prints it as one word of the shell's
quoted() {
    if [ -n "$fish" ]; then
        printf "'%s'" "$(printf %s "$1" | sed "s/[\\\\']/\\\\&/g")"
    else
        printf "'%s'" "$(printf %s "$1" | sed "s/'/'\\\\''/g")"
    fi
}

# variable NAME VALUE: prints the command that exports it
variable() {
    if [ -n "$fish" ]; then
        printf 'set -gx %s %s;\n' "$1" "$(quoted "$2")"
    else
        printf 'export %s=%s\n' "$1" "$(quoted "$2")"
    fi
}

if [ -n "$hgcmdserver_refused" ]; then
    printf 'hg-cmdserver: %s is not read, since others can change it; protect it with: %s\n' \
        "$hgcmdserver_refused" "chown root $hgcmdserver_refused; chmod go-w $hgcmdserver_refused" >&2
fi
case $dropin in
    /usr/share/hg-cmdserver/*) dropin=/usr/lib/hg-cmdserver/bin/hg ;; # the packages' link to it
esac
variable HG_CMDSERVER_SOCKET "$hgcmdserver_socket"
if hgcmdserver_can_use_chg; then
    variable CHGSOCKNAME "$hgcmdserver_socket" # for programs that call chg directly
elif [ -n "$HG_CMDSERVER_SOCKET" ] && [ -e "$hgcmdserver_socket" ] && [ -e /proc/self ] && ! hgcmdserver_is_ours; then
    printf 'hg-cmdserver: %s is not used: another user or group owns it, or %s\n' "$hgcmdserver_socket" \
        'another user can replace a directory or a link on its path' >&2
fi
case ${shell##*/} in
    fish)
        # shellcheck disable=SC2016 # for that shell to expand
        printf 'function hg --wraps hg; %s $argv; end;\n' "$(quoted "$dropin")"
        ;;
    bash | zsh) # an alias would come first, and would be expanded before "()"
        printf 'unalias hg 2>/dev/null || :\nfunction hg { %s "$@"; }\n' "$(quoted "$dropin")"
        ;;
    *) printf 'unalias hg 2>/dev/null || :\nhg() { %s "$@"; }\n' "$(quoted "$dropin")" ;;
esac
