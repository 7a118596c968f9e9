# shellcheck shell=bash disable=SC2034,SC2154
# A guest as Easy-GPU-PV leaves one behind: Parsec without its virtual display, a configuration without the lines, three
# tasks and a logon script, Hyper-V Video on, no sound device, a user at the console. Sourced after signing.sh,
# installers.sh and network.sh, which must have been started.

GUEST_VIDEO='VMBUS\{da0a7802-e377-4aac-8e77-0558eb1073f8}\{5620e0c7-8062-4dce-aeb7-520c7ef76171}'
GUEST_GPU='PCI\VEN_1414&DEV_008E&SUBSYS_00000000&REV_00\5&2b5a7f4&0&0'
GUEST_FOLDER=nv_dispi.inf_amd64_1234567890abcdef
GUEST_VERSION=32.0.15.6094
GUEST_TASKS=('Monitor Parsec VDD State' 'Install VB Cable' 'Install Parsec Virtual Display Driver')
GUEST_PROGRAMS=(gpupv-agent.exe parsec-windows.exe parsec-vdd-0.45.0.0.exe VBCABLE_Setup_x64.exe uninstall.exe parsec-uninstaller.exe)

guest_drive() { echo "$WINE_WORK/$1/drive_c"; }

# One task of Easy-GPU-PV in the root folder of the scheduler, as that keeps it; also anew when it was taken away.
guest_task() { # MACHINE NAME
    local folder
    folder=$(guest_drive "$1")/windows/system32/tasks
    mkdir -p "$folder"
    {
        printf '\xff\xfe'
        iconv -f utf-8 -t utf-16le <<END
<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo><URI>\\$2</URI></RegistrationInfo>
  <Triggers><LogonTrigger><Enabled>true</Enabled><Delay>PT2M</Delay></LogonTrigger></Triggers>
  <Principals><Principal id="Author"><LogonType>S4U</LogonType><RunLevel>HighestAvailable</RunLevel></Principal></Principals>
  <Settings><Enabled>true</Enabled><ExecutionTimeLimit>PT72H</ExecutionTimeLimit><Priority>7</Priority></Settings>
  <Actions Context="Author"><Exec><Command>powershell.exe</Command><Arguments>-file %programdata%\\Easy-GPU-P\\script.ps1</Arguments></Exec></Actions>
</Task>
END
    } >"$folder/$2"
}

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
    for task in "${GUEST_TASKS[@]}"; do guest_task "$1" "$task"; done
}

# The card of the host, with its driver staged.
guest_gpu() { # MACHINE
    local folder
    folder=$(guest_drive "$1")/windows/system32/HostDriverStore/FileRepository/$GUEST_FOLDER
    mkdir -p "$folder" && cp "$BINARIES/emulator/standin_umd.dll" "$folder/nvldumdx.dll" && encoder_install "$1" || return 1
    wine_registry "$1" <<END
[$SYSTEM_KEY\\gpu]
"Description"="NVIDIA GeForce RTX 4070"
"Folder"="$GUEST_FOLDER"
"UserModeDrivers"=hex(7):6e,76,6c,64,75,6d,64,78,2e,64,6c,6c,00,6e,76,6c,64,75,6d,64,78,2e,64,6c,6c,00,6e,76,6c,64,75,6d,64,78,2e,64,6c,6c,00,6e,76,6c,64,75,6d,64,78,2e,64,6c,6c,00,00
"UserModeVersion"="$GUEST_VERSION"
"KernelModeVersion"="$GUEST_VERSION"
[HKEY_LOCAL_MACHINE\\SYSTEM\\Setup]
"SystemSetupInProgress"=dword:00000000
"OOBEInProgress"=dword:00000000
[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Setup\\State]
"ImageState"="IMAGE_STATE_COMPLETE"
END
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
    wine_prefix "$1" && pnp_install "$1" "${GUEST_PROGRAMS[@]}" && system_install "$1" gpupv-agent.exe &&
        audio_install "$1" && guest_gpu "$1" && pnp_seed "$1" "$HERE/guest_fresh.reg" >/dev/null && guest_trust "$1" &&
        guest_leftovers "$1" && session "$1" user alice 600 && network_machine "$1" &&
        wine_run "$1" "Z:$PAYLOADS/parsec-windows.exe" /silent /norun /allusers
}

# A restart of Windows: services are told, then the power goes, then all that starts by itself starts.
guest_reboot() { # MACHINE
    session "$1" shutdown
    sleep 1
    wine_reboot "$1" && pnp "$1" boot >/dev/null
}

# Whether a device of that hardware id is there and works.
guest_device_works() { # MACHINE INSTANCE-PATTERN
    pnp "$1" list | tr -d '\r' | grep -iE "^$2 \| started"
}

guest_task_enabled() { # MACHINE NAME
    iconv -f utf-16le -t utf-8 "$(guest_drive "$1")/windows/system32/tasks/$2" | grep -q '<Enabled>true</Enabled><Exec\|<Settings>.*<Enabled>true'
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
