# shellcheck shell=sh
# For the other scripts in this directory: installs the Debian packages of missing commands.

# install_missing COMMAND:PACKAGE...
install_missing() {
    packages=
    for pair in "$@"; do
        command -v "${pair%%:*}" >/dev/null || packages="$packages ${pair#*:}"
    done
    [ -n "$packages" ] || return 0
    sudo=
    [ "$(id -u)" = 0 ] || sudo=sudo
    echo "installing:$packages"
    $sudo apt-get update -qq
    # shellcheck disable=SC2086
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >/dev/null
}
