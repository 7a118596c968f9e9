# shellcheck shell=bash disable=SC2034,SC2154
# Publishers of the tests: certificates for code, and programs signed with them. Sourced by scripts; needs openssl and
# osslsigncode (packaging/bootstrap.sh mingw).

SIGNING=$WINE_WORK/signing

# Makes a publisher: a certificate of that organisation, as $SIGNING/NAME.{key,pem}.
signing_publisher() { # NAME ORGANISATION
    mkdir -p "$SIGNING"
    openssl req -x509 -newkey rsa:2048 -nodes -sha256 -days 3650 -subj "/C=US/O=$2/CN=$2" \
        -addext extendedKeyUsage=codeSigning -addext keyUsage=critical,digitalSignature \
        -keyout "$SIGNING/$1.key" -out "$SIGNING/$1.pem" 2>/dev/null
}

# Signs FILE (a program, or a catalogue) as the publisher into OUT.
signing_sign() { # NAME FILE OUT
    rm -f "$3"
    osslsigncode sign -certs "$SIGNING/$1.pem" -key "$SIGNING/$1.key" -h sha256 -in "$2" -out "$3" >/dev/null
}

sha256_of() { # FILE
    sha256sum "$1" | cut -d' ' -f1
}
