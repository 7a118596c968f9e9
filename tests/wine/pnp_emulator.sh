# shellcheck shell=bash disable=SC2034,SC2154
# The rules of the PnP manager, as the emulator keeps them.
PROGRAM=$BINARIES/tests/emulator/pnp/emulator_pnp_check.exe
SEED=$HERE/guest_fresh.reg
MAKE_PACKAGE=$HERE/../emulator/pnp/make_package.py
GPU='PCI\VEN_1414&DEV_008E&SUBSYS_00000000&REV_00\5&2b5a7f4&0&0'
VIDEO='VMBUS\{da0a7802-e377-4aac-8e77-0558eb1073f8}\{5620e0c7-8062-4dce-aeb7-520c7ef76171}'
PCI_BUS='VMBUS\{44c4f61d-4444-4400-9d52-802e27ede19f}\{7a7d2b51-0001-0000-9d52-802e27ede19f}'

group() { # NAME
    pnp_seed guest "$SEED" >/dev/null && wine_run guest "$PROGRAM" "$1"
}

# A package of its own in C:\packages, its signer's SHA-1 printed.
package() { # FOLDER OPTION...
    local folder=$PACKAGES/$1
    shift
    python3 -B "$MAKE_PACKAGE" "$folder" "$@"
}

parsec_package() { # FOLDER VERSION OPTION...
    local folder=$1 version=$2
    shift 2
    package "$folder" --name mm --hardware-id 'Root\Parsec\VDA' --class Display --version "$version" \
        --description 'Parsec Virtual Display Adapter' "$@"
}

make_packages() {
    PACKAGES=$WINE_WORK/guest/drive_c/packages
    VENDOR=$(parsec_package vda45 0.45.0.0 --signer 'Parsec Cloud, Inc.') || return 1
    parsec_package vda41 0.41.0.0 --signer 'Parsec Cloud, Inc.' --date 01/02/2022 --key "$PACKAGES/vda45" || return 1
    parsec_package unsigned 0.45.0.0 --signer 'Parsec Cloud, Inc.' --unsigned --key "$PACKAGES/vda45" || return 1
    OTHER=$(parsec_package other 0.45.1.0 --signer 'Somebody Else') || return 1
    parsec_package stranger 0.45.0.0 --signer 'Parsec Cloud, Inc.' || return 1
    cp -r "$PACKAGES/vda45" "$PACKAGES/tampered"
    echo '; changed' >>"$PACKAGES/tampered/mm.inf"
    cp -r "$PACKAGES/vda45" "$PACKAGES/nocatalog"
    sed -i /CatalogFile/d "$PACKAGES/nocatalog/mm.inf"
    cp -r "$PACKAGES/vda45" "$PACKAGES/broken" # a hash that no signature covers
    sed -i 's/0\.45/0.99/' "$PACKAGES/broken/mm.inf"
    python3 -B "$HERE/../emulator/pnp/forge_catalog.py" "$PACKAGES/broken/mm.cat" "$PACKAGES/vda45/mm.inf" "$PACKAGES/broken/mm.inf"
    mkdir -p "$PACKAGES/noinf"
    printf '[Version]\nClass=Display\n' >"$PACKAGES/noinf/mm.inf"
    WHQL=$(package cable --name vbcable --hardware-id VBAudioVACWDM --class MEDIA --version 3.3.1.7 \
        --signer 'Microsoft Windows Hardware Compatibility Publisher') || return 1
    cp -r "$PACKAGES/cable" "$PACKAGES/incomplete"
    sed -i 's/3\.3\.1\.7/3.3.1.8/' "$PACKAGES/incomplete/vbcable.inf"
    package incomplete --name vbcable --hardware-id VBAudioVACWDM --class MEDIA --version 3.3.1.8 \
        --signer 'Microsoft Windows Hardware Compatibility Publisher' --key "$PACKAGES/cable" || return 1
    rm "$PACKAGES/incomplete/vbcable.dll"
}

driver_group() {
    pnp_seed guest "$SEED" >/dev/null && pnp_signer guest "$VENDOR" vendor && pnp_signer guest "$OTHER" vendor &&
        pnp_signer guest "$WHQL" microsoft && wine_run guest "$PROGRAM" driver
}

state_of() { # INSTANCE
    pnp guest list | tr -d '\r' | ID=$1 awk -F ' [|] ' 'tolower($1) == tolower(ENVIRON["ID"]) { print $2 }'
}

has_state() { # INSTANCE STATE
    local state
    state=$(state_of "$1")
    [ "$state" = "$2" ] || { echo "$1: $state, expected $2"; pnp guest list; return 1; }
}

need wine_prefix guest
need pnp_install guest emulator_pnp_check.exe
need make_packages
check "a fresh guest's tree is made from its seed" pnp_seed guest "$SEED"
check "Hyper-V's display is started" has_state "$VIDEO" started
check "the tree, its lists and properties" group tree
check "disabling, vetoes, failures" group change
check "device information sets" group set
check "packages, signatures and drivers" driver_group
check "notifications" group notify

# Three processes at once, each with devices of its own.
hammers() {
    local pid pids=() failed=0
    for id in Root\\One Root\\Two Root\\Three; do
        wine_start guest "$WINE_WORK/hammer.log" "$PROGRAM" hammer "$id"
        pids+=("$wine_pid")
    done
    for pid in "${pids[@]}"; do wine_finish "$pid" 60 || failed=1; done
    [ $failed = 0 ] || { cat "$WINE_WORK/hammer.log"; return 1; }
    [ "$(pnp guest list | grep -c started)" = 7 ] || { pnp guest list; return 1; }
}

need pnp_seed guest "$SEED"
check "several programs at once see one machine" hammers
check "what a test sets is there now" pnp_set guest "$GPU" 43
check "and seen" has_state "$GPU" 'problem 43'
need wine_reboot guest
check "also after a boot" has_state "$GPU" 'problem 43'
check "until it is taken back" pnp_set guest "$GPU" 0
check "then it starts" has_state "$GPU" started
need pnp_behave guest "$GPU" StartProblemBoots 2
need pnp_set guest "$GPU" 43
need wine_reboot guest
check "a problem for two boots is there after one" has_state "$GPU" 'problem 43'
need wine_reboot guest
check "and gone after two" has_state "$GPU" started
more_devices() {
    wine_registry guest <<'END'
[HKEY_LOCAL_MACHINE\Software\gpupv-emulator\pnp\Hardware\ROOT#DISPLAY#0007]
"HardwareIds"="Root\\Parsec\\VDA"
"Present"=dword:00000000
[HKEY_LOCAL_MACHINE\Software\gpupv-emulator\pnp\Hardware\USB#VID_1&PID_2#3]
"HardwareIds"="USB\\VID_1&PID_2"
"AppearsAtBoot"=dword:00000006
END
}

need more_devices
check "a device is disabled until the next boot" wine_run guest "$PROGRAM" disable "$VIDEO"
check "another for good" wine_run guest "$PROGRAM" persist "$GPU"
check "both are" has_state "$VIDEO" 'problem 22'
need pnp_behave guest 'VMBUS\{44c4f61d-4444-4400-9d52-802e27ede19f}' RebootToRemove 1
need wine_reboot guest
check "the next boot brings the first back" has_state "$VIDEO" started
check "but not the second" has_state "$GPU" 'problem 22'
check "a phantom of an earlier installation is known" has_state 'ROOT\DISPLAY\0007' phantom
check "it can be removed" wine_run guest "$PROGRAM" remove 'ROOT\DISPLAY\0007'
check "hardware of a later boot is not there yet" has_state 'USB\VID_1&PID_2\3' ''
check "a device is removed that needs a boot for it" wine_run guest "$PROGRAM" remove "$PCI_BUS"
check "it is still there" has_state "$PCI_BUS" started
need wine_reboot guest
check "the phantom is gone for good" has_state 'ROOT\DISPLAY\0007' ''
check "the hardware has come, without a driver" has_state 'USB\VID_1&PID_2\3' 'problem 28'
check "the removed bus was found anew" has_state "$PCI_BUS" started
need wine_reboot guest # what is disabled for good stays so
check "a disabled device is still disabled" has_state "$GPU" 'problem 22'
check "hardware goes" pnp guest unplug "$GPU"
check "and is a phantom then" has_state "$GPU" phantom
check "and comes" pnp guest plug "$GPU"
check "and is as it was" has_state "$GPU" 'problem 22'
check "the log has every call" grep -q '^CM_Disable_DevNode(VMBUS.*0x4) = 0' <(pnp_log guest)
