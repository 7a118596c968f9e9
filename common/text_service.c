/* The catalogue's section: the agent as a Windows service, pairing, installing, local commands. */
#include "common/text.h"

static const struct text_row rows[] = {
    {"pair.code_bad", "This is not a pairing code", "这不是配对码"},
    {"pair.code_bad_hint",
     "type the 16 letters and digits that `gpupv pair NAME` shows on the host",
     "请输入宿主上 `gpupv pair 名称` 显示的 16 位字母和数字"},
    {"pair.no_code",
     "Give the pairing code that `gpupv pair NAME` shows on the host, or - to read it from the "
     "standard input",
     "请给出宿主上 `gpupv pair 名称` 显示的配对码，或用 - 从标准输入读取"},
    {"pair.waits",
     "The agent takes the host that knows this code, within the next {0} minutes",
     "代理将在 {0} 分钟内接受知道此配对码的宿主"},
    {"pair.none", "No pairing code is waiting in this machine", "本机没有等待中的配对码"},
    {"pair.expired", "The pairing code is older than {0} minutes", "配对码已超过 {0} 分钟"},
    {"pair.used_up",
     "The pairing code is used up after {0} attempts",
     "配对码在 {0} 次尝试后已失效"},
    {"pair.damaged", "The file {0} with the pairing code is damaged", "配对码文件 {0} 已损坏"},
    {"pair.other_vm",
     "The host takes this machine for {0}, but Hyper-V says that it is {1}",
     "宿主认为本机是 {0}，但 Hyper-V 显示本机是 {1}"},
    {"pair.again_hint",
     "make a new one: `gpupv pair NAME` on the host",
     "请在宿主上运行 `gpupv pair 名称` 生成新的配对码"},
    {"help.agent.pair",
     "take the host that shows this one-time code",
     "接受显示此一次性配对码的宿主"},
};

const struct text_section text_section_service = {
    .first = TEXT_SERVICE_FIRST,
    .end = TEXT_SERVICE_END,
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
};
