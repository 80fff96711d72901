#pragma once
#include <stdio.h>
#include <editline/readline.h>

/* Has the terminal hand over single keys before the prompt is shown: the library does so after it,
 * and a Ctrl-D that came between would be lost. */
static inline int cedit_before_prompt(const char *text, int n)
{
    (void)text, (void)n;
    rl_prep_terminal(1);
    return 0;
}

/* The library is set up through global variables, which Swift cannot touch safely; this is the one
 * place that does, before the first line is read.
 *
 * get_character returns the next character (a whole one, not a byte) or -1 to give up the line;
 * complete returns the possible completions of text at start ... end of the line, or NULL. */
static inline void cedit_set_up(
    const char *program, int (*get_character)(FILE *),
    char **(*complete)(const char *text, int start, int end))
{
    rl_readline_name = program;
    rl_instream = stdin;
    rl_outstream = stderr; /* standard output is for text alone */
    rl_catch_signals = 0;
    rl_getc_function = get_character;
    rl_pre_input_hook = cedit_before_prompt;
    rl_attempted_completion_function = complete;
    rl_basic_word_break_characters = " ";
    rl_completer_quote_characters = "";
    rl_initialize();
}

/* No completions, and not those of file names either. */
static inline void cedit_complete_nothing_else(void)
{
    rl_attempted_completion_over = 1;
}

/* The line as it is being edited. */
static inline const char *cedit_line(void)
{
    return rl_line_buffer;
}
