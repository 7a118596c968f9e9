#!/bin/bash
# Cross-builds the libraries for the Windows executables from Debian's own source packages and prints
# the folder that holds include/ and lib/. Quick when that folder exists already.
#
# Where sources come from: the package servers this machine already uses, through a private apt set-up,
# so apt checks the signatures. sources.txt names release and version, SHA256SUMS the files. A pinned
# version must match SHA256SUMS. Debian replaces versions by security updates: when the pinned one is
# gone the newest signed one of that release is taken and named loudly, because a build that stops on
# the day of a security update helps nobody.
#
# Cache: $GPUPV_CACHE, else $XDG_CACHE_HOME/gpupv, else ~/.cache/gpupv. Remove it at will.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
target=x86_64-w64-mingw32
cache=${GPUPV_CACHE:-${XDG_CACHE_HOME:-${HOME:-$here/../../.cache}/.cache}/gpupv}
key=$(cat "$here/build.sh" "$here/sources.txt" "$here/SHA256SUMS" | sha256sum | cut -c1-16)
prefix=$cache/deps-$key
work=
flags=()

say() { echo "deps: $*" >&2; }
die() { say "$*"; exit 1; }

# apt_open RELEASE: a private apt set-up for that release's source packages, from the machine's own
# sources with the release's name exchanged. Returns false when the servers do not carry it.
apt_open() {
    local release=$1 own a=$work/apt-$1
    own=$(. /etc/os-release && echo "$VERSION_CODENAME")
    export APT_CONFIG=$a/apt.conf
    [ ! -f "$a/open" ] || return 0
    mkdir -p "$a/etc" "$a/lists/partial" "$a/cache/archives/partial"
    # Only the distribution's own entries: component main and a suite named after the release.
    find /etc/apt/sources.list.d -name '*.sources' -exec sed -s '$G' {} + 2>/dev/null |
        awk -v RS= -v ORS='\n\n' -v own="$own" \
            '("\n" $0) ~ "\nSuites:[^\n]*[ \t]" own && /\nComponents:[^\n]*[ \t]main/' |
        sed "s/^Types:.*/Types: deb-src/; /^Suites:/s/\\b$own\\b/$release/g" >"$a/etc/own.sources"
    { cat /etc/apt/sources.list; find /etc/apt/sources.list.d -name '*.list' -exec cat {} +; } 2>/dev/null |
        sed -nE "s/^deb +((\\[[^]]*\\] +)?[^ ]+ +)$own([-a-z]*) +(.*\\bmain\\b)/deb-src \\1$release\\3 \\4/p" \
            >"$a/etc/own.list"
    { APT_CONFIG='' apt-config dump | grep '^Acquire' || true
      cat <<END
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$a/etc";
Dir::Etc::parts "/dev/null";
Dir::State::lists "$a/lists";
Dir::Cache "$a/cache";
APT::Sandbox::User "";
Acquire::Retries "3";
Acquire::Languages "none";
END
    } >"$a/apt.conf"
    apt-get -qq update >&2 || return 1
    touch "$a/open"
}

# choose PACKAGE RELEASE VERSION: prints the version to take.
choose() {
    local offered newest
    offered=$(apt-cache showsrc --only-source "$1" 2>/dev/null | sed -n 's/^Version: //p' | sort -Vu)
    [ -n "$offered" ] || return 1
    if grep -qxF "$3" <<<"$offered"; then
        echo "$3"
        return
    fi
    newest=$(tail -n 1 <<<"$offered")
    say "NOTICE: $1 $3 is pinned, but $2 now carries $newest; taking that (signed by Debian, not pinned)."
    say "NOTICE: please update packaging/deps/sources.txt and SHA256SUMS."
    echo "$newest"
}

# pinned PACKAGE: prints the lines of SHA256SUMS for it.
pinned() { grep "  $1_" "$here/SHA256SUMS"; }

# unpack PACKAGE RELEASE VERSION: leaves the patched source in $work/src/PACKAGE.
unpack() {
    local package=$1 release=$2 version=$3 dir=$cache/sources
    mkdir -p "$dir"
    cd "$dir"
    if ! pinned "$package" | sha256sum --quiet -c >/dev/null 2>&1; then
        if ! apt_open "$release"; then
            release=$(. /etc/os-release && echo "$VERSION_CODENAME")
            say "NOTICE: the package servers of this machine do not carry $2; taking $package from $release."
            apt_open "$release"
        fi
        version=$(choose "$package" "$release" "$version") || die "no source package $package in $release"
        apt-get -qq source --download-only --only-source "$package=$version" >&2
        if [ "$version" = "$3" ]; then
            pinned "$package" | sha256sum --quiet -c >&2 || die "$package $version is not what SHA256SUMS says"
        fi
    fi
    dpkg-source --no-check -x "${package}_${version#*:}.dsc" "$work/src/$package" >"$work/log" 2>&1
    echo "$package $version" >>"$work/prefix/versions.txt"
}

# compile PACKAGE TARGET... -- OPTION...: builds targets in $work/build/PACKAGE.
compile() {
    local package=$1 targets=()
    shift
    while [ "$1" != -- ]; do
        targets+=("$1")
        shift
    done
    shift
    cmake -S "$work/src/$package" -B "$work/build/$package" -G Ninja -Wno-dev \
        -DCMAKE_SYSTEM_NAME=Windows -DCMAKE_SYSTEM_PROCESSOR=AMD64 \
        -DCMAKE_C_COMPILER=$target-gcc-posix -DCMAKE_RC_COMPILER=$target-windres \
        -DCMAKE_FIND_ROOT_PATH=/usr/$target -DCMAKE_FIND_ROOT_PATH_MODE_PROGRAM=NEVER \
        -DCMAKE_FIND_ROOT_PATH_MODE_LIBRARY=ONLY -DCMAKE_FIND_ROOT_PATH_MODE_INCLUDE=ONLY \
        -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_FLAGS_RELEASE="${flags[*]}" -DBUILD_SHARED_LIBS=OFF "$@" \
        >"$work/log" 2>&1
    ninja -C "$work/build/$package" "${targets[@]}" >"$work/log" 2>&1
}

# finish: the end of a build, good or bad; shows the last tool's output when it was bad.
finish() {
    local status=$?
    [ $status = 0 ] || tail -n 20 "$work/log" >&2
    rm -rf "$work"
    exit $status
}

[ "${1:-}" != --where ] || { echo "$prefix"; exit; }
mkdir -p "$cache"
exec 9>"$cache/deps.lock"
flock 9
if [ ! -f "$prefix/versions.txt" ]; then
    say "building libraries for Windows into $prefix (about a minute, once)"
    work=$(mktemp -d "$cache/deps-work.XXXXXX")
    trap finish EXIT
    # No absolute path of this machine in the archives, and unused functions can be dropped.
    flags=(-O2 -DNDEBUG -ffunction-sections -fdata-sections -fstack-protector-strong
        "-ffile-prefix-map=$work=.")
    mkdir -p "$work"/{src,build} "$work"/prefix/{include/cjson,lib}
    while read -r package release version; do
        unpack "$package" "$release" "$version"
    done < <(grep -v '^#' "$here/sources.txt")
    cd "$work"
    compile libuv1 uv_a -- -DLIBUV_BUILD_TESTS=OFF
    compile cjson cjson -- -DENABLE_CJSON_TEST=OFF -DENABLE_CUSTOM_COMPILER_FLAGS=OFF
    compile mbedtls mbedcrypto mbedx509 mbedtls -- -DENABLE_PROGRAMS=OFF -DENABLE_TESTING=OFF
    # its messages are printed with C11's conversions, as ours are, and the compiler checks them so
    sed -i 's/__printf__/__gnu_printf__/' src/cmocka/include/cmocka.h
    flags+=(-D__USE_MINGW_ANSI_STDIO=1)
    compile cmocka cmocka-static -- -DWITH_STATIC_LIB=ON -DWITH_EXAMPLES=OFF -DUNIT_TESTING=OFF
    $target-gcc-posix "${flags[@]}" -c src/xxhash/xxhash.c -o build/xxhash.o
    $target-ar rcs prefix/lib/libxxhash.a build/xxhash.o
    cp build/libuv1/libuv_a.a prefix/lib/ 2>/dev/null || cp build/libuv1/libuv.a prefix/lib/libuv_a.a
    cp build/cjson/libcjson.a build/mbedtls/library/libmbed*.a prefix/lib/
    cp build/cmocka/src/libcmocka-static.a prefix/lib/libcmocka.a
    cp -r src/libuv1/include/* src/mbedtls/include/{mbedtls,psa} prefix/include/
    cp src/cjson/cJSON.h prefix/include/cjson/
    cp src/cmocka/include/cmocka*.h src/xxhash/{xxhash,xxh3}.h prefix/include/
    rm -rf "$prefix"
    mv prefix "$prefix"
fi
echo "$prefix"
