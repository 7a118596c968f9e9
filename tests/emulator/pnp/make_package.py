#!/usr/bin/env python3
"""Makes a driver package that can be installed on the emulated machine, with a catalogue that is really signed.

    make_package.py FOLDER --name mm --hardware-id 'Root\\Parsec\\VDA' --class Display --version 0.45.0.0
                    --signer 'Parsec Cloud, Inc.' [--description TEXT] [--date 05/20/2023] [--service NAME]

writes FOLDER/<name>.inf, <name>.dll, <name>.cat, and signer.cer and root.cer beside it, in DER. The signer's key is made
anew each time, or is the one of another package with --key FOLDER. --unsigned leaves the catalogue out. The SHA-1 of the
signer's certificate is printed: the name of its key below Signers (README.md).
"""
import argparse
import hashlib
import pathlib
import shutil
import subprocess
import sys
import time

CLASSES = {
    "Display": "{4d36e968-e325-11ce-bfc1-08002be10318}",
    "MEDIA": "{4d36e96c-e325-11ce-bfc1-08002be10318}",
    "Monitor": "{4d36e96e-e325-11ce-bfc1-08002be10318}",
    "System": "{4d36e97d-e325-11ce-bfc1-08002be10318}",
}

INF = """[Version]
Signature = "$Windows NT$"
Class = {device_class}
ClassGuid = {guid}
Provider = %Provider%
CatalogFile = {name}.cat
DriverVer = {date},{version}
PnpLockdown = 1

[Manufacturer]
%Provider% = Models,NTamd64

[Models.NTamd64]
%Device% = Install, {hardware_id}

[Install.NT]
CopyFiles = Files

[Install.NT.Services]
AddService = {service}, 0x000001fa, Service

[Service]
ServiceType = 1
StartType = 3
ErrorControl = 1
ServiceBinary = %12%\\{name}.dll

[Files]
{name}.dll

[SourceDisksNames]
1 = %Disk%

[SourceDisksFiles]
{name}.dll = 1

[DestinationDirs]
Files = 13

[Strings]
Provider = "{provider}"
Device = "{description}"
Disk = "Installation disk"
"""


# ---- DER ----

def der(tag, *parts):
    body = b"".join(parts)
    if len(body) < 0x80:
        return bytes([tag, len(body)]) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + body


def oid(text):
    first, second, *rest = map(int, text.split("."))
    out = bytearray([first * 40 + second])
    for number in rest:
        group = [number & 0x7F]
        while number := number >> 7:
            group.insert(0, 0x80 | number & 0x7F)
        out += bytes(group)
    return der(0x06, bytes(out))


def integer(number):
    return der(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def inner(data):
    """The content of one DER value."""
    size, at = data[1], 2
    if size & 0x80:
        at = 2 + (size & 0x7F)
        size = int.from_bytes(data[2:at], "big")
    return data[at:at + size]


def split(data):
    """The DER values that follow each other in data."""
    values = []
    while data:
        size, at = data[1], 2
        if size & 0x80:
            at = 2 + (size & 0x7F)
            size = int.from_bytes(data[2:at], "big")
        values.append(data[:at + size])
        data = data[at + size:]
    return values


SEQUENCE, SET, OCTETS, NULL = 0x30, 0x31, 0x04, b"\x05\x00"
SHA256 = der(SEQUENCE, oid("2.16.840.1.101.3.4.2.1"), NULL)
RSA = der(SEQUENCE, oid("1.2.840.113549.1.1.1"), NULL)


def catalog_list(files):
    """A certificate trust list as catalogues are: one member for each file, named by its hash."""
    members = []
    for path in files:
        digest = hashlib.sha256(path.read_bytes()).digest()
        data = der(SEQUENCE, oid("1.3.6.1.4.1.311.2.1.25"), der(0xA2, der(0x80)))
        hashed = der(SEQUENCE, der(SEQUENCE, data[2:]), der(SEQUENCE, SHA256, der(OCTETS, digest)))
        attribute = der(SEQUENCE, oid("1.3.6.1.4.1.311.2.1.4"), der(SET, hashed))
        members.append(der(SEQUENCE, der(OCTETS, digest), der(SET, attribute)))
    return der(SEQUENCE,
               der(SEQUENCE, oid("1.3.6.1.4.1.311.12.1.1")),
               der(OCTETS, hashlib.md5(b"".join(members)).digest()),
               der(0x17, time.strftime("%y%m%d%H%M%SZ", time.gmtime()).encode()),
               der(SEQUENCE, oid("1.3.6.1.4.1.311.12.1.2"), NULL),
               der(SEQUENCE, *members))


def issuer_and_serial(certificate):
    fields = split(inner(split(inner(certificate))[0]))
    if fields[0][0] == 0xA0:  # the version
        fields = fields[1:]
    return der(SEQUENCE, fields[2], fields[0])


def signed(content, keys):
    certificate = (keys / "signer.cer").read_bytes()
    # The digest is that of the content without its tag and length (PKCS #7, 9.3), the signature that of the attributes.
    attributes = sorted([
        der(SEQUENCE, oid("1.2.840.113549.1.9.3"), der(SET, oid("1.3.6.1.4.1.311.10.1"))),
        der(SEQUENCE, oid("1.2.840.113549.1.9.4"), der(SET, der(OCTETS, hashlib.sha256(inner(content)).digest())))])
    signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", str(keys / "signer.key")],
                               input=der(SET, *attributes), check=True, capture_output=True).stdout
    signer = der(SEQUENCE, integer(1), issuer_and_serial(certificate), SHA256, der(0xA0, *attributes), RSA,
                 der(OCTETS, signature))
    return der(SEQUENCE, oid("1.2.840.113549.1.7.2"),
               der(0xA0, der(SEQUENCE, integer(1), der(SET, SHA256),
                             der(SEQUENCE, oid("1.3.6.1.4.1.311.10.1"), der(0xA0, content)),
                             der(0xA0, certificate + (keys / "root.cer").read_bytes()),
                             der(SET, signer))))


# ---- keys ----

def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


def make_keys(folder, signer):
    root_key, key, request = folder / "root.key", folder / "signer.key", folder / "signer.csr"
    usage = folder / "usage"
    usage.write_text("extendedKeyUsage = codeSigning\n")
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", root_key, "-days", 3650,
            "-subj", "/CN=gpupv test root", "-outform", "DER", "-out", folder / "root.cer")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", key,
            "-subj", f"/O={signer}/CN={signer}", "-out", request)
    openssl("x509", "-req", "-in", request, "-CA", folder / "root.cer", "-CAform", "DER", "-CAkey", root_key,
            "-set_serial", int.from_bytes(hashlib.sha1(request.read_bytes()).digest()[:8], "big"),
            "-days", 3650, "-extfile", usage, "-outform", "DER", "-out", folder / "signer.cer")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--name", required=True)
    parser.add_argument("--hardware-id", required=True)
    parser.add_argument("--class", dest="device_class", choices=sorted(CLASSES), required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--date", default="05/20/2023")
    parser.add_argument("--signer", required=True)
    parser.add_argument("--description", default="Test device")
    parser.add_argument("--service", default="WUDFRd")
    parser.add_argument("--key", type=pathlib.Path, help="folder of a package whose signer signs this one too")
    parser.add_argument("--unsigned", action="store_true")
    options = parser.parse_args()

    options.folder.mkdir(parents=True, exist_ok=True)
    inf = options.folder / f"{options.name}.inf"
    inf.write_text(INF.format(guid=CLASSES[options.device_class], provider=options.signer, **vars(options)),
                   newline="\r\n")
    driver = options.folder / f"{options.name}.dll"
    driver.write_bytes(b"not a driver " + options.version.encode())
    keys = options.folder / "keys"
    if options.key:
        if keys != options.key / "keys":
            shutil.copytree(options.key / "keys", keys, dirs_exist_ok=True)
    else:
        keys.mkdir(exist_ok=True)
        make_keys(keys, options.signer)
    for name in ("signer.cer", "root.cer"):
        shutil.copy(keys / name, options.folder / name)
    catalog = options.folder / f"{options.name}.cat"
    catalog.unlink(missing_ok=True)
    if not options.unsigned:
        catalog.write_bytes(signed(catalog_list([inf, driver]), keys))
    print(hashlib.sha1((keys / "signer.cer").read_bytes()).hexdigest().upper())


if __name__ == "__main__":
    sys.exit(main())
