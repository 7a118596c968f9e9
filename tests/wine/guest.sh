# shellcheck shell=bash disable=SC2034,SC2154
# A guest as Easy-GPU-PV leaves one behind: Parsec without its virtual display, a configuration without the lines, three
# tasks and a logon script, Hyper-V Video on, no sound device, a user at the console. Sourced after signing.sh,
# installers.sh, tasks.sh and network.sh, which must have been started.

GUEST_VIDEO='VMBUS\{da0a7802-e377-4aac-8e77-0558eb1073f8}\{5620e0c7-8062-4dce-aeb7-520c7ef76171}'
GUEST_GPU='PCI\VEN_1414&DEV_008E&SUBSYS_00000000&REV_00\5&2b5a7f4&0&0'
GUEST_FOLDER=nv_dispi.inf_amd64_1234567890abcdef
GUEST_VERSION=32.0.15.6094
GUEST_TASKS=('Monitor Parsec VDD State' 'Install VB Cable' 'Install Parsec Virtual Display Driver')
GUEST_AGENTS=(gpupv-agent.exe) # what sees the emulated Windows whole
GUEST_PROGRAMS=(parsec-windows.exe parsec-vdd-0.45.0.0.exe VBCABLE_Setup_x64.exe uninstall.exe parsec-uninstaller.exe)

guest_drive() { echo "$WINE_WORK/$1/drive_c"; }

# The three tasks, the script that registers them at each logon, and the policy that runs it.
guest_leftovers() { # MACHINE
    local drive policy task
    drive=$(guest_drive "$1")
    policy=$drive/windows/system32/GroupPolicy
    mkdir -p "$policy/User/Scripts/Logon" "$drive/ProgramData/Easy-GPU-P"
    # shellcheck disable=SC2016 # of PowerShell
    printf '%s\r\n' '# registers the tasks below $env:ProgramData\Easy-GPU-P' \
        'Register-ScheduledTask "Monitor Parsec VDD State"' 'ParsecPublic.cer' >"$policy/User/Scripts/Logon/Install.ps1"
    {
        printf '\xff\xfe'
        printf '[Logon]\r\n0CmdLine=Install.ps1\r\n0Parameters= \r\n' | iconv -f utf-8 -t utf-16le
    } >"$policy/User/Scripts/psscripts.ini"
    printf '[General]\r\ngPCUserExtensionNames=[{42B5FAAE-6536-11D2-AE5A-0000F87571E3}{40B66650-4972-11D1-A7CA-0000F87571E3}]\r\nVersion=65536\r\n' >"$policy/gpt.ini"
    for task in "${GUEST_TASKS[@]}"; do task_seed "$1" "$task" || return 1; done
}

# The card of the host as its driver reports it, as registry text.
guest_card() {
    cat <<END
[$SYSTEM_KEY\\gpu]
"Description"="NVIDIA GeForce RTX 4070"
"Folder"="$GUEST_FOLDER"
"UserModeDrivers"=hex(7):6e,76,6c,64,75,6d,64,78,2e,64,6c,6c,00,6e,76,6c,64,75,6d,64,78,2e,64,6c,6c,00,6e,76,6c,64,75,6d,64,78,2e,64,6c,6c,00,6e,76,6c,64,75,6d,64,78,2e,64,6c,6c,00,00
"UserModeVersion"="$GUEST_VERSION"
"KernelModeVersion"="$GUEST_VERSION"
END
}

# The host's driver package as `drivers sync` stages it, in the folder that the host expects.
guest_driver() { # MACHINE
    local folder
    folder=$(guest_drive "$1")/windows/system32/HostDriverStore/FileRepository/$GUEST_FOLDER
    mkdir -p "$folder" && cp "$BINARIES/emulator/standin_umd.dll" "$folder/nvldumdx.dll" &&
        printf '[Version]\r\nSignature="$WINDOWS NT$"\r\nClass=Display\r\nDriverVer=10/01/2024,%s\r\n' "$GUEST_VERSION" \
            >"$folder/${GUEST_FOLDER%%_amd64*}"
}

# That card with its driver staged, in a Windows whose setup has come to its end.
guest_gpu() { # MACHINE
    guest_driver "$1" && encoder_install "$1" || return 1
    {
        guest_card
        cat <<END
[HKEY_LOCAL_MACHINE\\SYSTEM\\Setup]
"SystemSetupInProgress"=dword:00000000
"OOBEInProgress"=dword:00000000
[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Setup\\State]
"ImageState"="IMAGE_STATE_COMPLETE"
END
    } | wine_registry "$1"
}

# What the machine makes of signatures, and what VB-Cable's driver registers.
guest_trust() { # MACHINE
    pnp_signer "$1" "$VDD_SIGNER" vendor && pnp_signer "$1" "$CABLE_SIGNER" microsoft &&
        pnp_behave "$1" VBAudioVACWDM Interfaces '{6994ad04-93ef-11d0-a3cc-00a0c9223196}' &&
        # Windows registers this interface for every display adapter
        pnp_behave "$1" 'VMBUS\{da0a7802-e377-4aac-8e77-0558eb1073f8}' Interfaces '{5b45201d-f2f2-4f3b-85bb-30ff1f953599}' &&
        pnp_behave "$1" 'ROOT\BasicDisplay' Interfaces '{5b45201d-f2f2-4f3b-85bb-30ff1f953599}' &&
        pnp_behave "$1" 'Root\Parsec\VDA' Interfaces '{00b41627-04c4-429e-a26e-0265cf50c8fa};{5b45201d-f2f2-4f3b-85bb-30ff1f953599}' &&
        # without the staged driver the card fails
        pnp_behave "$1" 'PCI\VEN_1414&DEV_008E' StartProblem 43 &&
        pnp_behave "$1" 'PCI\VEN_1414&DEV_008E' StartProblemUntilFile "C:\\windows\\system32\\HostDriverStore\\FileRepository\\$GUEST_FOLDER\\nvldumdx.dll"
}

guest_make() { # MACHINE
    wine_prefix "$1" && pnp_install "$1" "${GUEST_AGENTS[@]}" "${GUEST_PROGRAMS[@]}" && system_install "$1" "${GUEST_AGENTS[@]}" &&
        audio_install "$1" && tasks_install "$1" && guest_gpu "$1" && pnp_seed "$1" "$HERE/guest_fresh.reg" >/dev/null && guest_trust "$1" &&
        guest_leftovers "$1" && session "$1" user alice 600 && network_machine "$1" &&
        wine_run "$1" "Z:$PAYLOADS/parsec-windows.exe" /silent /norun /allusers
}

# Windows shuts down: services are told, and have stopped when it ends. What a test changes now lies on the disk of a
# machine that is off.
guest_shutdown() { # MACHINE
    local left=100
    session "$1" shutdown || return 1
    until wine_run "$1" sc query gpupv-agent | grep -q STOPPED; do
        [ $((left--)) -gt 0 ] || return 1
        sleep 0.2
    done
}

# The power goes, and all that starts by itself starts.
guest_start() { # MACHINE
    wine_reboot "$1" && pnp "$1" boot >/dev/null
}

# Whether a device of that hardware id is there and works.
guest_device_works() { # MACHINE INSTANCE-PATTERN
    pnp "$1" list | tr -d '\r' | grep -iE "^$2 \| started"
}

# What the host puts on the disk besides the program (host/inject_parts.c): the profile, whole and of mode repair, and the
# first key of the machine. Fields of the profile that differ from the defaults are given as JSON.
guest_inject() { # MACHINE VM [PROFILE]
    local data
    data=$(guest_drive "$1")/ProgramData/gpupv-agent
    mkdir -p "$data/payloads" && chmod 700 "$data" && python3 -B - "$HERE/guest_profile.json" "${3:-}" >"$data/profile.json" <<'END'
import json
import sys


def merge(into, changes):
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(into[key], dict):
            merge(into[key], value)
        else:
            into[key] = value


with open(sys.argv[1], encoding="utf-8") as file:
    profile = json.load(file)
merge(profile, json.loads(sys.argv[2] or "{}"))
print(json.dumps(profile, indent=2))
END
    printf '{"version":1,"vm":"%s","current":1,"seal":"plain","keys":[{"generation":1,"secret":"%s"}]}' \
        "$2" "$(od -An -tx1 -N32 /dev/urandom | tr -d ' \n')" >"$data/key.json"
}

# Puts a payload into the agent's store, as the host would.
guest_payload() { # MACHINE NAME FILE VERSION PUBLISHER
    local store hash
    store=$(guest_drive "$1")/ProgramData/gpupv-agent/payloads
    hash=$(sha256_of "$PAYLOADS/$3")
    mkdir -p "$store/$2-${hash:0:16}" && cp "$PAYLOADS/$3" "$store/$2-${hash:0:16}/" &&
        printf '{"record":1,"file":"%s","version":"%s","size_bytes":%d,"sha256":"%s","publisher":"%s"}\n' \
            "$3" "$4" "$(stat -c %s "$PAYLOADS/$3")" "$hash" "$5" >"$store/$2.json"
}
