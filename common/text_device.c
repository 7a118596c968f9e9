/* The catalogue's section: devices, driver packages and trust on a real Windows. */
#include "common/text.h"

static const struct text_row rows[] = {
    {"device.trust_unsigned",
     "{0} does not carry the signature of its publisher",
     "{0} 没有发布者的数字签名"},
    {"device.trust_changed", "{0} was changed after it had been signed", "{0} 在签名之后被修改过"},
    {"device.trust_revoked",
     "the certificate that signed {0} was revoked",
     "签署 {0} 的证书已被吊销"},
    {"device.trust_bad", "the signature of {0} cannot be verified", "无法验证 {0} 的数字签名"},
    {"device.trust_publisher",
     "{0} is signed by {1}, who is not an accepted publisher of it",
     "{0} 由 {1} 签名，该发布者不被接受"},
    {"device.hint_trust",
     "Get the file from its publisher again and add it on the host with `gpupv payload add`.",
     "请重新从发布者处获取该文件，并在主机上用 `gpupv payload add` 添加。"},
};

const struct text_section text_section_device = {
    .first = TEXT_DEVICE_FIRST,
    .end = TEXT_DEVICE_END,
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
};
