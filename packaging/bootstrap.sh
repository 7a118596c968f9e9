#!/bin/bash
# Installs the Debian packages that a task needs; returns at once when they are all there.
#
#   bootstrap.sh [GROUP...]    groups: build (default), image, mingw, lint, fuzz, bench, all
#
# As root it installs. As somebody else it asks first and goes through sudo; without a terminal it asks
# nothing and works only where sudo needs no password.
set -euo pipefail

build=(ca-certificates cmake gcc libc6-dev libcjson-dev libcmocka-dev libmbedtls-dev libuv1-dev
    libxxhash-dev ninja-build openssl)
# what makes Windows images and disks in tests, and other people's programs that judge ours
image=(dosfstools gdisk genisoimage libhivex-bin libudfread-dev libvhdi-dev libvhdi-utils libwim-dev
    libxml2-utils mtools ntfs-3g ntfs-3g-dev p7zip-full python3 qemu-utils wimtools)
mingw=(binutils-mingw-w64-x86-64 bzip2 dpkg-dev gcc-mingw-w64-x86-64-posix mingw-w64-x86-64-dev
    openssl osslsigncode patch python3 wine64 xz-utils)
lint=(clang clang-format clang-tidy cppcheck mingw-w64-x86-64-dev python3 shellcheck)
fuzz=(clang libclang-rt-dev)
bench=(genisoimage p7zip-full python3 qemu-guest-agent rsync wimtools)

die() { echo "bootstrap: $*" >&2; exit 1; }

[ $# -gt 0 ] || set -- build
wanted=()
for group in "$@"; do
    case $group in
    build | image | mingw | lint | fuzz | bench) declare -n list=$group && wanted+=("${list[@]}") ;;
    all) wanted+=("${build[@]}" "${image[@]}" "${mingw[@]}" "${lint[@]}" "${fuzz[@]}" "${bench[@]}") ;;
    *) die "unknown group $group; known: build image mingw lint fuzz bench all" ;;
    esac
done

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    die "this is not Debian; install the equivalents of: ${wanted[*]}"
fi
# dpkg-query fails when it knows one of them not at all, and prints the others
present=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "${wanted[@]}" 2>/dev/null |
    sed -n 's/ installed$//p' || true)
mapfile -t missing < <(printf '%s\n' "${wanted[@]}" | sort -u | grep -vxFf <(echo "$present"))
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || die "as root, please run: apt-get install ${missing[*]}"
    if [ -t 0 ] && [ -t 2 ]; then
        echo "These Debian packages are needed: ${missing[*]}" >&2
        read -r -p "Install them with sudo apt-get? [Y/n] " answer
        case $answer in '' | [yY]*) ;; *) die "nothing installed" ;; esac
        as_root=(sudo)
    else
        sudo -n true 2>/dev/null || die "please run: sudo apt-get install ${missing[*]}"
        as_root=(sudo -n)
    fi
fi
as_root+=(env DEBIAN_FRONTEND=noninteractive)

echo "bootstrap: installing ${missing[*]}" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# apt_get ARGUMENT...: waits for another apt that holds the lock; speaks only when it fails.
apt_get() { "${as_root[@]}" apt-get -q -o DPkg::Lock::Timeout=600 "$@" </dev/null >"$log" 2>&1; }
install() { apt_get install -y --no-install-recommends "${missing[@]}"; }

# Lists that are there already may be good enough; otherwise fetch new ones and try again.
if ! install; then
    for _ in 1 2 3; do
        apt_get update && break
        sleep 5
    done
    install || { tail -n 30 "$log" >&2; die "apt could not install: ${missing[*]}"; }
fi
