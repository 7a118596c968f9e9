/* Completion for shells. */
#include "host/completions.h"

#include "host/command.h"

#include <string.h>

const char *const completions_shells[] = {"bash", "powershell", NULL};

static void put_options(struct buf *out, const struct option *options)
{
    for (; options && options->name; options++)
        buf_printf(out, " --%s", options->name);
}

/* Verbs and options of one command, separated by blanks. */
static void put_words(struct buf *out, const struct command *command)
{
    for (const struct command_verb *verb = command->verbs; verb && verb->name; verb++)
        buf_printf(out, " %s", verb->name);
    put_options(out, command->options);
    if (command->flags & COMMAND_MANY_VMS)
        put_options(out, command_many_options);
    if (command->flags & COMMAND_DRY_RUN)
        put_options(out, command_dry_options);
    put_options(out, command_global_options);
}

static bool is_shown(const struct command *command)
{
    return !(command->flags & COMMAND_HIDDEN);
}

/* ---- bash ---- */

static void write_bash(struct buf *out)
{
    buf_puts(out,
             "_gpupv() {\n"
             "    local command='' word\n"
             "    for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
             "        case $word in -*) ;; *) command=$word; break ;; esac\n"
             "    done\n"
             "    local words=''\n"
             "    case $command in\n");
    for (size_t i = 0; commands[i]; i++) {
        if (!is_shown(commands[i]))
            continue;
        buf_printf(out, "    %s) words='", commands[i]->name);
        put_words(out, commands[i]);
        buf_puts(out, "' ;;\n");
    }
    buf_puts(out, "    '') words='");
    for (size_t i = 0; commands[i]; i++)
        if (is_shown(commands[i]))
            buf_printf(out, " %s", commands[i]->name);
    put_options(out, command_global_options);
    buf_puts(
        out,
        "' ;;\n"
        "    esac\n"
        "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\")\n"
        "    [ ${#COMPREPLY[@]} -gt 0 ] || compopt -o default\n"
        "}\n"
        "complete -F _gpupv gpupv\n");
}

/* ---- PowerShell ---- */

static void write_powershell(struct buf *out)
{
    buf_puts(out,
             "Register-ArgumentCompleter -Native -CommandName gpupv,gpupv.exe -ScriptBlock {\n"
             "    param($word, $line, $position)\n"
             "    $known = @{\n");
    for (size_t i = 0; commands[i]; i++) {
        if (!is_shown(commands[i]))
            continue;
        buf_printf(out, "        '%s' = '", commands[i]->name);
        put_words(out, commands[i]);
        buf_puts(out, "'\n");
    }
    buf_puts(
        out,
        "    }\n"
        "    $first = $line.CommandElements | Select-Object -Skip 1 | ForEach-Object { \"$_\" } |\n"
        "        Where-Object { $_ -notlike '-*' -and $_ -ne $word } | Select-Object -First 1\n"
        "    $words = if ($first -and $known.ContainsKey($first)) { $known[$first].Trim().Split(' "
        "') } "
        "else { $known.Keys | Sort-Object }\n"
        "    $words | Where-Object { $_ -like \"$word*\" } |\n"
        "        ForEach-Object { [System.Management.Automation.CompletionResult]::new($_) }\n"
        "}\n");
}

bool completions_write(const char *shell, struct buf *out)
{
    static void (*const writers[])(struct buf * out) = {write_bash, write_powershell};

    for (size_t i = 0; completions_shells[i]; i++)
        if (!strcmp(completions_shells[i], shell)) {
            writers[i](out);
            return true;
        }
    return false;
}
