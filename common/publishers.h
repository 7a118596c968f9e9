/*
 * Whose signature is accepted, by the common name of the certificate, for text_is_listed. Host and
 * guest ask the same: what the host takes into its cache the guest must not refuse. The first of a
 * list signs the stand-ins of the simulation.
 */
#ifndef GPUPV_PUBLISHERS_H
#define GPUPV_PUBLISHERS_H

#define PUBLISHERS_PARSEC "Unity Technologies SF|Parsec Cloud, Inc."
#define PUBLISHERS_VDD    "Parsec Cloud, Inc.|Unity Technologies SF"
#define PUBLISHERS_CABLE  "BUREL VINCENT Entrepreneur individuel|BUREL VINCENT|Vincent Burel"

#endif
