# shellcheck shell=bash disable=SC2034,SC2154
# Repairs of the release agent on the ports of real Windows, in a guest without devices: the passwords that Setup leaves
# become a secret (the local security authority is the emulator's), a session is handed back to the console, and what was
# changed is given back. Also what the process does for itself.
. "$HERE/tasks.sh"
DRIVE=$WINE_WORK/guest/drive_c
WINLOGON='HKLM\Software\Microsoft\Windows NT\CurrentVersion\Winlogon'
SECRETS='HKLM\Software\gpupv-emulator\service\Secrets'
WINE_LIMIT=150 # a repair tries all that it has
GONE='\*SENSITIVE\*DATA\*DELETED\*'

agent() { wine_run guest "$BINARIES/guest/gpupv-agent.exe" "$@"; }

password_status() { agent check --json | grep -oE '"system.password":\{"status":"[a-z_]+"'; }
registry_value() { wine_run guest reg query "$1" /v "$2" 2>&1; }
has_value() { registry_value "$1" "$2" | grep -qE -- "$3" || { registry_value "$1" "$2"; return 1; }; }
lacks_value() { ! registry_value "$1" "$2" | grep -q "REG_"; }

# As an automatic sign-in by an answer file leaves them.
setup_leaves() {
    printf '[HKEY_LOCAL_MACHINE\\Software\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon]
"AutoAdminLogon"="1"\n"DefaultUserName"="player"\n"DefaultPassword"="Tr0ub4dor&3"\n"AutoLogonCount"=dword:2\n' | wine_registry guest
    mkdir -p "$DRIVE/windows/Panther/Unattend" "$DRIVE/windows/system32/Sysprep"
    for file in windows/Panther/unattend.xml windows/Panther/Unattend/unattend.xml windows/system32/Sysprep/unattend.xml autounattend.xml; do
        printf '<unattend><AutoLogon><Username>player</Username><Password><Value>Tr0ub4dor&amp;3</Value></Password></AutoLogon></unattend>' >"$DRIVE/$file"
    done
}

# Data with a profile that wants as little as possible of a machine that has nothing.
quiet_profile() { # DATA
    mkdir -p "$DRIVE/ProgramData/$1" && chmod 700 "$DRIVE/ProgramData/$1"
    printf '{"audio":{"cable":false,"make_default":false},"reboots":{"allowed":false},"policy":{"power":false,"updates":false,"media":false}}' >"$DRIVE/ProgramData/$1/profile.json"
}

# The secret is the password, in UTF-16.
secret_is() { has_value "$SECRETS" DefaultPassword "REG_BINARY +$(printf %s "$1" | iconv -t utf-16le | od -An -tx1 | tr -d ' \n' | tr a-f A-F)"; }

at_console() { session guest show | tr -d '\r' | grep -qE 'Console active .* player console$' || { session guest show; return 1; }; }

need wine_prefix guest
need system_install guest gpupv-agent.exe
need pnp_install guest gpupv-agent.exe
pnp guest reset >/dev/null # no device that would want a repair of its own
TASK='Install VB Cable'
TASKS="HKLM\\Software\\gpupv-emulator\\tasks\\$TASK"
need task_seed guest "$TASK"
need tasks_install guest
need setup_leaves
need session guest nobody
check "answers wait until somebody was signed in" prints '"status":"off"' password_status
need session guest user player 600
check "then the password is seen" prints '"status":"warning"' password_status
printf '[HKEY_LOCAL_MACHINE\\Software\\gpupv-emulator\\service]\n"FailStoreSecret"=dword:c0000022\n' | wine_registry guest
quiet_profile gpupv-agent
agent repair --now >"$WINE_WORK/refused.log" 2>&1
check "without the secret the sign-in keeps its value" has_value "$WINLOGON" DefaultPassword 'Tr0ub4dor'
check "and nobody wrote it down" bash -c "! grep -rqs 'Tr0ub4dor' '$WINE_WORK/refused.log' '$DRIVE/ProgramData/gpupv-agent'"
printf '[HKEY_LOCAL_MACHINE\\Software\\gpupv-emulator\\service]\n"FailStoreSecret"=dword:0\n' | wine_registry guest
# at the same time a session has to be handed back, by the program that Windows has for it
printf '[%s\\session]\n"FailConnectSession"=dword:5\n' "$SYSTEM_KEY" | wine_registry guest
cp "$DRIVE/emulator/session.exe" "$DRIVE/windows/system32/tscon.exe"
need session guest enhanced
in_session guest 0 "$BINARIES/guest/gpupv-agent.exe" repair --now >"$WINE_WORK/repair.log" 2>&1
check "tscon hands the session back where Windows' function refuses it" at_console
check "the password is hidden" prints '"status":"ok"' password_status
check "Windows keeps it as a secret" secret_is 'Tr0ub4dor&3'
check "the plain value is gone" lacks_value "$WINLOGON" DefaultPassword
check "sign-ins are no longer counted" lacks_value "$WINLOGON" AutoLogonCount
check "and go on by themselves" has_value "$WINLOGON" AutoAdminLogon 'REG_SZ +1'
check "no answer file says it" bash -c "! grep -rqs 'Tr0ub4dor' '$DRIVE/windows/Panther' '$DRIVE/windows/system32/Sysprep' '$DRIVE/autounattend.xml'"
check "what else they say is still there" grep -q "<Username>player</Username><Password><Value>$GONE</Value>" "$DRIVE/autounattend.xml"
check "the journal has not written it down" bash -c "! grep -rqs 'Tr0ub4dor' '$DRIVE/ProgramData'"

# ---- given back ----

check "a task of Easy-GPU-PV was put to rest" has_value "$TASKS" Enabled 0x0
check "the agent's removal" prints 'The agent is removed' agent uninstall --yes
check "gives the task back" has_value "$TASKS" Enabled 0x1
check "but no password" lacks_value "$WINLOGON" DefaultPassword
check "and leaves no data" test ! -e "$DRIVE/ProgramData/gpupv-agent"

# ---- the process itself ----

exercise() { wine_run guest "$BINARIES/tests/wine/install_exercise.exe" - 'C:\\dumps' "$@"; }

mkdir -p "$DRIVE/dumps"
check "libraries come from Windows alone" exercise libraries
check "a crash leaves a dump that only the system and administrators read, and few are kept" exercise dumps
