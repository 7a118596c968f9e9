/* The terminal on Linux. */
#include "common/ui/console.h"

#include "common/fs.h"

#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static volatile sig_atomic_t interrupted;

void console_open(void)
{
}

/* The second signal of a kind ends the program. */
static void on_interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

void console_watch_interrupt(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_flags = (int)(SA_RESETHAND | SA_RESTART)};

    action.sa_handler = on_interrupt;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sigaction(numbers[i], &action, NULL);
}

bool console_is_interrupted(void)
{
    return interrupted != 0;
}

char **console_args(int *argc, char **argv)
{
    for (int i = 0; i < *argc; i++)
        if (!text_is_utf8(argv[i], strlen(argv[i])))
            return NULL;
    return argv;
}

bool console_is_terminal(FILE *stream)
{
    return isatty(fileno(stream)) == 1;
}

bool console_has_escapes(FILE *stream)
{
    char term[64];

    return console_is_terminal(stream) && fs_env("TERM", term, sizeof term) &&
           strcmp(term, "dumb") != 0;
}

bool console_secret(char *out, size_t size)
{
    struct termios shown, hidden;
    bool ok;

    if (tcgetattr(STDIN_FILENO, &shown) != 0)
        return false;
    hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) != 0)
        return false;
    ok = fgets(out, (int)size, stdin) != NULL;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
    if (!ok || !strchr(out, '\n'))
        return false;
    *strchr(out, '\n') = 0;
    return text_is_utf8(out, strlen(out));
}

unsigned console_width(FILE *stream)
{
    struct winsize size;

    return ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

enum text_lang console_lang(void)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    enum text_lang lang = TEXT_EN;
    char value[64];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!fs_env(names[i], value, sizeof value) || !*value)
            continue;
        text_lang_parse(value, &lang);
        break;
    }
    return lang;
}

int console_exit_code(int code)
{
    return code > 255 ? 10 : code;
}

bool console_is_admin(void)
{
    return geteuid() == 0;
}
