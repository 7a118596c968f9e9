# shellcheck shell=bash disable=SC2034,SC2154
# The rules of Core Audio, as the emulator keeps them.
PROGRAM=$BINARIES/tests/emulator/audio/emulator_audio_check.exe

need wine_prefix guest
need audio_install guest
check "without a sound device there is no endpoint" wine_run guest "$PROGRAM" none
cable() {
    pnp guest reset >/dev/null && pnp_add guest "$HERE/guest_cable.reg" && pnp guest boot
}
need cable
need system_set guest audio Extra:'Remote Audio'
check "VB-Cable has endpoints, and one can be the default" wine_run guest "$PROGRAM" cable
check "a service stops" wine_run guest net stop Audiosrv
check "and calls fail" wine_run guest "$PROGRAM" silent
check "it starts again" wine_run guest net start Audiosrv
check "and the endpoints are back" prints 'the_cable_has_an_endpoint_each_way' wine_run guest "$PROGRAM" cable
