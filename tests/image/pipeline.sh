#!/bin/bash
# From an ISO to the disk of a VM, with real formats: edition, golden parent, child, and all that goes in;
# read back through the chain and judged by programs that are not ours.
#
#   pipeline.sh IMAGE_PIPELINE IMAGE_TOOL IMAGE_ORACLE AGENT
set -euo pipefail
pipeline=$1 tool=$2 oracle=$3 agent=$4
. "$(dirname "$0")/check.sh"
. "$(dirname "$0")/windows.sh"
needs wimlib-imagex genisoimage qemu-img sgdisk vhdiinfo mkntfs ntfsinfo ntfscat ntfsls ntfssecaudit \
    mkfs.vfat fsck.vfat mcopy hivexget xmllint
export GPUPV_AGENT=$agent PIPELINE_PASSWORD='Geheim <&> "1"'
export MTOOLS_SKIP_CHECK=1
windows_iso "$tool" windows.iso

check "the disk of a VM is made from the ISO" \
    "$pipeline" make state "Lab 1" windows.iso Professional lab1.vhdx 1
parent=$(echo state/golden/*.vhdx)
check "by way of a parent, which is whole for qemu-img" qemu-img check -q "$parent"
contains "the disk is its child, says vhdiinfo" "Disk type[[:space:]]*: Differential" vhdiinfo lab1.vhdx
id=$(vhdiinfo "$parent" | sed -n 's/.*Identifier.*: //p')
contains "and names it" "Parent identifier[[:space:]]*: $id" vhdiinfo lab1.vhdx
before=$(sha256sum <"$parent")
mkdir drivers
for file in nv_dispi.inf nvlddmkm.sys nvapi64.dll; do head -c 200000 /dev/urandom >drivers/$file; done
check "driver files go in by the same plan" "$pipeline" drivers lab1.vhdx drivers
[ "$(stat -c %s lab1.vhdx)" -lt "$(stat -c %s "$parent")" ] || fail "the child holds no more than its changes"

# ---- the whole through the chain, read by libvhdi ----
"$oracle" vhdi lab1.vhdx "$parent" | dd of=lab1.img bs=1M conv=sparse iflag=fullblock status=none
same "we read the chain as libvhdi does" <("$tool" cat lab1.vhdx) lab1.img
contains "the partition table is sound" "No problems found" sgdisk -v lab1.img
contains "the first partition is an ESP" "1 .*EF00" sgdisk -p lab1.img
# part IMAGE NUMBER FILE: a partition as a file
part() {
    local first last
    first=$(sgdisk -i "$2" "$1" | sed -n 's/^First sector: \([0-9]*\).*/\1/p')
    last=$(sgdisk -i "$2" "$1" | sed -n 's/^Last sector: \([0-9]*\).*/\1/p')
    dd if="$1" of="$3" bs=512 skip="$first" count=$((last - first + 1)) conv=sparse status=none
}
part lab1.img 1 esp.img
part lab1.img 3 windows.img

# ---- the partition that starts it ----
check "fsck.vfat finds no fault in it" fsck.vfat -n esp.img
for file in EFI/Microsoft/Boot/bootmgfw.efi EFI/Boot/bootx64.efi; do
    same "$file is the loader that every firmware knows" \
        <(mtype -i esp.img "::/$file") tree/Windows/Boot/EFI/bootmgfw.efi
done
same "the store of the boot loader is there" <(mtype -i esp.img ::/EFI/Microsoft/Boot/BCD) \
    tree/Windows/System32/config/BCD-Template

# ---- Windows ----
contains "its volume is NTFS that was left clean" "Volume Flags: 0x0000" ntfsinfo -m -f windows.img
contains "with its name" "Volume Name: Windows" ntfsinfo -m -f windows.img
for file in Windows/System32/noise.dll Windows/System32/linked.dll Windows/System32/字体.txt; do
    same "$file was unpacked" <(ntfscat -f windows.img "$file") "tree/$file"
    same "we read it too" <("$pipeline" read lab1.vhdx "$file") "tree/$file"
done
contains "the hard link is one" "Number of Hard Links:[[:space:]]*2" ntfsinfo -f -v -F Windows/System32/noise.dll windows.img

# ---- what was brought ----
data="ProgramData/gpupv-agent"
same "the agent" <(ntfscat -f windows.img "Program Files/gpupv/gpupv-agent.exe") "$agent"
for file in drivers/*; do
    same "driver file ${file#*/}" <(ntfscat -f windows.img \
        "Windows/System32/HostDriverStore/FileRepository/nv_dispi.inf_amd64_0123456789abcdef/${file#*/}") "$file"
done
ntfscat -f windows.img Windows/System32/config/SYSTEM >SYSTEM
ntfscat -f windows.img Windows/System32/config/SOFTWARE >SOFTWARE
service='\ControlSet001\Services\gpupv-agent'
contains "the service starts with Windows" '^2$|00000002' hivexget SYSTEM "$service" Start
contains "its program" '^"%ProgramFiles%\\gpupv\\gpupv-agent.exe" service$' hivexget SYSTEM "$service" ImagePath
contains "as the system" '^LocalSystem$' hivexget SYSTEM "$service" ObjectName
contains "with few privileges" '^SeDebugPrivilege$' hivexget SYSTEM "$service" RequiredPrivileges
absent "not that of making tokens" grep -q SeCreateTokenPrivilege <(hivexget SYSTEM "$service" RequiredPrivileges)
trigger="$service\\TriggerInfo\\0"
contains "a dial of the host starts it too" '^1$|00000001' hivexget SYSTEM "$trigger" Type
contains "starts, not stops" '^1$|00000001' hivexget SYSTEM "$trigger" Action
bytes() { hivexget SYSTEM "$1" "$2" | od -An -v -tx1 | tr -d ' \n'; } # of a binary value
[ "$(bytes "$trigger" GUID)" = 56505047cbfae611bd5864006a7986d3 ] || fail "with the id of the service"
[ "$(bytes "$service" FailureActions)" = "$(printf %s 80510100 00000000 00000000 03000000 14000000 \
    01000000 e8030000 01000000 88130000 01000000 60ea0000)" ] || fail "failures restart it after 1, 5 and 60 s"
contains "the volume will not be encrypted" '^1$|00000001' \
    hivexget SYSTEM '\ControlSet001\Control\BitLocker' PreventDeviceEncryption
contains "no drivers come from Windows Update" '^1$|00000001' \
    hivexget SOFTWARE '\Policies\Microsoft\Windows\WindowsUpdate' ExcludeWUDriversInQualityUpdate
ntfscat -f windows.img Windows/Panther/unattend.xml >unattend.xml
check "the answer file is well-formed" xmllint --noout unattend.xml
xpath() { xmllint --xpath "$1" unattend.xml; }
contains "with the computer's name" '^Lab1$' xpath 'string(//*[local-name()="ComputerName"])'
contains "and the user" '^player$' xpath 'string(//*[local-name()="LocalAccount"]/*[local-name()="Name"])'
contains "and the language of the image" '^de-DE$' xpath 'string(//*[local-name()="UILanguage"])'
xpath 'string(//*[local-name()="LocalAccount"]//*[local-name()="Value"])' | base64 -d | iconv -f UTF-16LE >password
same "and the password in Windows' disguise" password <(printf '%sPassword' "$PIPELINE_PASSWORD")
absent "which is not in plain sight" grep -q Geheim unattend.xml
contains "the profile" '"mode": *"repair"' ntfscat -f windows.img $data/profile.json
id=$(basename state/store/vms/*/)
contains "the key of this VM" "$id" ntfscat -f windows.img $data/key.json
for row in parsec parsec-vdd vb-cable; do
    contains "the record of the payload $row" "sha256" ntfscat -f windows.img $data/payloads/$row.json
done
# allows NAME: what the access list of a file says
allows() { ntfssecaudit -vv windows.img "$1" 2>&1 | sed -n '/^DACL/,$p'; }
contains "the key has a list of two" "ACE cnt +2" allows /$data/key.json
contains "the system" "Local System SID" allows /$data/key.json
contains "and administrators" "Administrators SID" allows /$data/key.json
contains "so has the answer file" "ACE cnt +2" allows /Windows/Panther/unattend.xml
contains "users may run the agent" "Users SID" allows "/Program Files/gpupv"
contains "but not write there" "Acc rgts 0x1200a9" allows "/Program Files/gpupv"
contains "our folder is as private as the key" "ACE cnt +2" allows /$data

# ---- the parent has nothing of it ----
[ "$before" = "$(sha256sum <"$parent")" ] || fail "the parent was written"
"$tool" cat "$parent" >parent.img
part parent.img 3 parent-windows.img
absent "the parent has no key" ntfscat -f parent-windows.img $data/key.json
absent "nor an answer file" ntfscat -f parent-windows.img Windows/Panther/unattend.xml
absent "nor a password" grep -qa Geheim parent-windows.img
same "but the agent" <(ntfscat -f parent-windows.img "Program Files/gpupv/gpupv-agent.exe") "$agent"

# ---- a second VM, and one that stands alone ----
check "a second VM" "$pipeline" make state lab2 windows.iso Professional lab2.vhdx 1
[ "$(echo state/golden/*.vhdx)" = "$parent" ] || fail "one parent is enough"
absent "it has another key" cmp -s <("$pipeline" read lab1.vhdx $data/key.json) \
    <("$pipeline" read lab2.vhdx $data/key.json)
"$tool" cat lab2.vhdx >lab2.img
contains "it is made flat" "^flattened" "$pipeline" flatten state lab2.vhdx
check "qemu-img finds no fault in it" qemu-img check -q lab2.vhdx
check "its content is what it was" qemu-img compare -q -f raw -F vhdx lab2.img lab2.vhdx
contains "a second time there is nothing to do" "^flat already" "$pipeline" flatten state lab2.vhdx

# ---- what must not be changed from outside ----
cp lab1.vhdx lab1.avhdx
refused "the disk of a checkpoint" "belongs to a checkpoint" "$pipeline" inject state "Lab 1" lab1.avhdx
refused "a parent with children" "is the parent of the disk" "$pipeline" inject state "Lab 1" "$parent"
rm lab1.avhdx
check "the disk itself may be" "$pipeline" inject state "Lab 1" lab1.vhdx
{ # the log of a hive with one entry, whose number is far beyond
    printf regf; head -c 24 /dev/zero; printf '\6\0\0\0'; head -c 480 /dev/zero
    printf 'HvLE\0\2\0\0\0\0\0\0\0\0\20\0'; head -c 496 /dev/zero
} >log
check "(a log is put beside it)" "$pipeline" put lab1.vhdx Windows/System32/config/SYSTEM.LOG1 log
refused "a registry with something newer in its log" "did not close the registry hive" \
    "$pipeline" inject state "Lab 1" lab1.vhdx
[ -z "$(ls state/store/journal)" ] || fail "a journal was left"

# ---- `gpupv images build`: a disk for a VM that somebody makes himself ----
export STATE_DIRECTORY=$PWD/own KEY=ABCDE-12345-FGHIJ-67890-KLMNO
build() { "$pipeline" gpupv images build windows.iso --disk-size 20 --user player --password-from env:PIPELINE_PASSWORD "$@"; }
if [ "$(id -u)" = 0 ]; then
    contains "a disk is built" '"schema":"gpupv.images.build".*"edition":"Core".*"computer":"own1"' \
        build --edition Core --out own_1.vhdx --product-key-from env:KEY --no-autologon --json
    check "qemu-img finds no fault in it" qemu-img check -q own_1.vhdx
    same "the agent is in it" <("$pipeline" read own_1.vhdx "Program Files/gpupv/gpupv-agent.exe") "$agent"
    absent "but no key" "$pipeline" read own_1.vhdx $data/key.json
    "$pipeline" read own_1.vhdx Windows/Panther/unattend.xml >unattend.xml
    check "its answer file is well-formed" xmllint --noout unattend.xml
    contains "with the product key" "^$KEY\$" xpath 'string(//*[local-name()="ProductKey"])'
    contains "and without autologon" '^0$' xpath 'count(//*[local-name()="AutoLogon"])'
    refused "a disk that is there is not touched" "something at" build --out own_1.vhdx
    refused "a wrong product key is refused" "no product key" \
        env KEY=ABCDE-12345 "$pipeline" gpupv images build windows.iso --out x.vhdx --user player --product-key-from env:KEY
    refused "and so is another format" "does not end with .vhdx" build --out x.img
    refused "and a set-up without user" "--computer needs --user" \
        "$pipeline" gpupv images build windows.iso --out x.vhdx --computer x
    for signal in INT TERM KILL; do
        IMAGE_REAL_PAUSE_MS=60 "$pipeline" gpupv images build windows.iso --disk-size 20 --out x.vhdx 2>said.txt &
        builder=$!
        for _ in $(seq 400); do grep -q applying said.txt && break; sleep 0.05; done
        sleep 0.3
        kill -$signal $builder
        wait $builder 2>/dev/null || true
        [ $signal = KILL ] || { grep -q cancelled said.txt || fail "SIG$signal: it was cancelled"; }
        [ $signal != KILL ] || contains "what a death left is taken away" "x.vhdx" "$pipeline" gpupv images clean
        contains "after SIG$signal nothing is left" "nothing to clean" "$pipeline" gpupv images clean
        [ -z "$(ls x.vhdx* own/work/* own/store/journal/* 2>/dev/null)" ] || fail "SIG$signal: $(ls x.vhdx* own/work/* own/store/journal/*)"
    done
else
    echo "without administrator rights: images build was left out"
fi
[ -z "$(find state work -name 'attached-*' -o -name '*.flat.vhdx' 2>/dev/null)" ] || fail "something was left"
done_checking
