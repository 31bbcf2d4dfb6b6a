/* What comes in and goes out: beginnings, pieces of text or ids, and Ctrl-C. */
#ifndef CONSOLE_H
#define CONSOLE_H

#include "options.h"

#include <signal.h>

#include "vocabulary.h"

enum { MOST_BYTES = 60000 }; /* of a beginning; a longer one takes a minute to read */

typedef struct {
    char octets[MOST_BYTES];
    size_t size;
} Beginning;

/* Reads a line; false when there is none. Its size may be more than there is room for. */
static inline bool read_line(Beginning *line)
{
    int c;
    line->size = 0;
    while ((c = getchar()) != EOF && c != '\n') {
        if (line->size < MOST_BYTES)
            line->octets[line->size] = (char)c;
        line->size++;
    }
    return c != EOF || line->size;
}

/* The next beginning: that of the command line, or a line of standard input; false when there are no more. */
static inline bool next_beginning(const Options *options, Beginning *beginning)
{
    static bool used;
    for (; !options->beginning || !used; used = true) {
        if (!options->beginning) {
            if (!read_line(beginning))
                return false;
        } else {
            beginning->size = strlen(options->beginning);
            memcpy(beginning->octets, options->beginning, beginning->size < MOST_BYTES ? beginning->size : MOST_BYTES);
        }
        if (beginning->size <= MOST_BYTES)
            return used = true;
        fprintf(stderr, "this beginning has %zu bytes, %d can be read: shorten it\n", beginning->size, MOST_BYTES);
    }
    return false;
}

static volatile sig_atomic_t interrupted; /* Ctrl-C: the text that is being written ends, and the next one begins */

static void on_interrupt(int number)
{
    interrupted = 1;
    signal(number, SIG_DFL); /* a second one ends the program, where a long beginning is being read */
}

/* Begins to hear Ctrl-C. Outside of a text it ends the program, as it does by default. */
static inline void begin_text(void)
{
    interrupted = 0;
    if (signal(SIGINT, on_interrupt) == SIG_IGN)
        signal(SIGINT, SIG_IGN); /* whoever started the program wants it so */
}

/* Ends a text with a line break. */
static inline void end_text(void)
{
    if (signal(SIGINT, SIG_DFL) == SIG_IGN)
        signal(SIGINT, SIG_IGN);
    if (interrupted)
        fputs("stopped\n", stderr);
    putchar('\n');
    fflush(stdout);
}

/* Shows ids, if they are asked for. */
static inline void show_ids(const Options *options, const int64_t *ids, size_t count)
{
    for (size_t i = 0; options->ids && i < count; i++)
        printf("%lld ", (long long)ids[i]);
}

/* Shows a text, if it is asked for. */
static inline void show_text(const Options *options, const char *text, size_t size)
{
    if (!options->ids && size) /* where there is nothing, `text` may be NULL */
        fwrite(text, 1, size, stdout);
}

/* Shows what a token adds to a text that ends with the token `before`; NONE at its start. */
static inline void show_token(const Options *options, int64_t token, int64_t before)
{
    const Piece *piece = &WRITES.pieces[token];
    const char *end = options->stop_at_newline ? memchr(piece->text, '\n', piece->size) : NULL;
    if (parted(token, before))
        show_text(options, " ", 1);
    show_text(options, piece->text, end ? (size_t)(end - piece->text) : piece->size);
    show_ids(options, &token, 1);
}

/* Ends the program; what could not be written is a fault. */
static inline int finished(void)
{
    if (fflush(stdout) || ferror(stdout))
        stop(FAULT, "what was written cannot be shown or saved");
    return 0;
}

#endif
