/*
 * The ids of the repairs: the rows stand in repair.c in this order. Stable names (repair_name) are
 * in the journal and on the wire; append new ids at the end of their block.
 */
#ifndef GPUPV_REPAIR_ID_H
#define GPUPV_REPAIR_ID_H

enum repair_id {
    REPAIR_NONE,

    /* repair_gpu.c */
    REPAIR_GPU_ENABLE,
    REPAIR_GPU_RESTART,

    /* repair_display.c */
    REPAIR_VDD_TIDY,
    REPAIR_VDD_ENABLE,
    REPAIR_VDD_RESTART,
    REPAIR_VDD_BIND,
    REPAIR_VDD_INSTALL,
    REPAIR_MONITOR_HOLD,
    REPAIR_MONITOR_RELEASE,
    REPAIR_MONITOR_MODE,
    REPAIR_CONSOLE_GIVE,
    REPAIR_CONSOLE_TAKE,
    REPAIR_PUBLISHER_TRUST, /* done by those that need it; kept for its undo record */

    /* repair_audio.c */
    REPAIR_CABLE_TIDY,
    REPAIR_CABLE_ENABLE,
    REPAIR_CABLE_RESTART,
    REPAIR_CABLE_BIND,
    REPAIR_CABLE_INSTALL,
    REPAIR_AUDIO_START,
    REPAIR_AUDIO_DEFAULT,

    /* repair_parsec.c */
    REPAIR_PARSEC_INSTALL,
    REPAIR_PARSEC_AGAIN,
    REPAIR_PARSEC_START,
    REPAIR_PARSEC_RESTART,
    REPAIR_PARSEC_CONFIG,
    REPAIR_PARSEC_RESET,
    REPAIR_PARSEC_LAYER,

    /* repair_legacy.c */
    REPAIR_LEGACY_SCRIPTS,
    REPAIR_LEGACY_TASKS,

    /* repair_session.c */
    REPAIR_SESSION_CONSOLE,

    /* repair_system.c */
    REPAIR_NO_SLEEP,
    REPAIR_MEDIA,
    REPAIR_NO_DRIVER_UPDATES,
    REPAIR_REBOOT,
    REPAIR_PASSWORD_HIDE,

    REPAIR_COUNT
};

#endif
