# shellcheck shell=bash disable=SC2034,SC2154
# The release gpupv.exe changes settings of its computer: through the ledger, and back again. Exit code 3010 is 194 here,
# where codes have 8 bits.
GPUPV=$BINARIES/host/gpupv.exe
DEFAULT='{11111111-2222-3333-4444-555555555555}'
gpupv() { wine_run host "$GPUPV" "$@"; }

need wine_prefix host
cp "$BINARIES/tests/wine/bcdedit.exe" "$WINE_WORK/host/drive_c/windows/system32/bcdedit.exe"

check "without a boot configuration nothing is claimed" prints '"launch":"unknown"' gpupv check --json
check "and nothing is changed" exits_with 77 gpupv hypervisor off --yes
wine_registry host <<REG
[HKEY_LOCAL_MACHINE\\BCD00000000\\Objects\\{9dea862c-5cdd-4e70-acc1-f32b344d4795}\\Elements\\23000003]
"Element"="$DEFAULT"
[HKEY_LOCAL_MACHINE\\BCD00000000\\Objects\\$DEFAULT\\Elements\\12000004]
"Element"="Windows"
REG
check "an entry that says nothing starts the hypervisor" prints '"launch":"unset"' gpupv check --json
check "it is switched off when somebody says so" prints '"starts":false' gpupv hypervisor off --yes --json
check "nobody said so: nothing happens" exits_with 2 gpupv hypervisor on
check "the ledger knows what it was" prints '"before":"unset","after":"off","state":"done"' gpupv host changes --json
check "and it is so in the registry" prints '"launch":"off"' gpupv check --json
check "another change comes on top" prints '"starts":true' gpupv hypervisor on --yes --json
check "both are taken back" prints '"changes":\[\]' gpupv host revert --yes --json
check "and it says nothing again" prints '"launch":"unset"' gpupv check --json

# a tool that fails leaves an entry that can be taken back
cp "$BINARIES/tests/wine/stand_in_1.exe" "$WINE_WORK/host/drive_c/windows/system32/bcdedit.exe"
check "a tool that fails is an error" prints 'bcdedit failed with the code 1' gpupv hypervisor off --yes
check "what was begun is in the ledger" prints '"state":"begun"' gpupv host changes --json
check "and goes, as nothing had happened" prints '"changes":\[\]' gpupv host revert --yes --json

wine_registry host <<'REG'
[HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\HyperV]
"RequireSecureDeviceAssignment"=dword:00000001
[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\mountmgr]
"NoAutoMount"=dword:00000001
REG
check "a policy in the way is found" prints '"fix":"policy.RequireSecureDeviceAssignment"' gpupv check --json
check "and set aside" prints '"secure_policy":"no"' gpupv check --fix --yes --json
check "drive letters are back" prints '"automount":"yes"' gpupv check --json
check "the policy is set back" prints '"changes":\[\]' gpupv host revert --yes --json
check "to what it was" prints '"secure_policy":"yes"' gpupv check --json
check "the self-test runs to its end and reports" prints 'host.tools' gpupv selftest --report "Z:$WINE_WORK/report.json"
check "the report is there" grep -q '"schema"' "$WINE_WORK/report.json"
