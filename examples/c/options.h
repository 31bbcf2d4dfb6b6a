/* The options that text.c, generate.c and step.c share. */
#ifndef OPTIONS_H
#define OPTIONS_H

#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE /* for setenv, and for a `signal` that does not interrupt writing; before any system header */
#endif

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef _WIN32
#include <fcntl.h>
#include <io.h>
#endif

typedef struct {
    const char *beginning; /* NULL: each line of standard input is one */
    const char *folder;    /* where the .onnx files are; NULL: beside the program, else where you are */
    int64_t max_new_tokens, top_k, seed;
    float temperature;
    bool stop_at_newline, ids;
} Options;

static const char HELP[] =
    "  [BEGINNING]            without it each line of standard input is one\n\n"
    "  --max-new-tokens N     100 without it\n"
    "  --temperature T        0 takes the best token; 0.8 without it\n"
    "  --top-k K              choose among so many; 0 is all\n"
    "  --seed S               the same seed writes the same text; 1 without it\n"
    "  --stop-at-newline\n"
    "  --ids                  print the ids of the tokens\n"
    "  --model DIR            where the .onnx files are; without it beside this program, else where you are\n"
    "  --help";

enum { FAULT = 1, WRONG_OPTION = 2 }; /* exit codes */
enum { MOST_TOKENS = 100000 };        /* of a text */

static const char *program = ""; /* as it was called */

/* Ends the program with a sentence. */
static inline _Noreturn void stop(int code, const char *format, ...)
{
    va_list values;
    const char *name = program + strlen(program);
    while (name > program && name[-1] != '/' && name[-1] != '\\')
        name--;
    fflush(stdout);
    fprintf(stderr, "%s: ", name);
    va_start(values, format);
    vfprintf(stderr, format, values);
    va_end(values);
    fputc('\n', stderr);
    exit(code);
}

static inline int64_t whole_number(const char *name, const char *value, int64_t most)
{
    char *end;
    long long number;
    errno = 0;
    number = strtoll(value, &end, 10);
    if (end == value || *end || errno || number < 0 || number > most)
        stop(WRONG_OPTION, "expected a whole number from 0 to %lld after %s, found '%s'", (long long)most, name, value);
    return number;
}

static inline float temperature_of(const char *value)
{
    char *end;
    double number = strtod(value, &end);
    bool plain = strspn(value, "+-.0123456789eE") == strlen(value); /* no hexadecimal digits, no "nan" */
    if (end == value || *end || !plain || number < 0 || number > 1e30)
        stop(WRONG_OPTION, "expected a temperature from 0 to 1e+30, found '%s'", value);
    return number < 100 ? (float)number : 100; /* as the graphs do, where all tokens are nearly alike */
}

/* Takes an option with a value, NULL if there is none left. */
static inline void take(Options *options, const char *name, const char *value)
{
    static const char *const names[] = {"--max-new-tokens", "--temperature", "--top-k", "--seed", "--model"};
    size_t i = 0, count = sizeof names / sizeof *names;
    while (i < count && strcmp(name, names[i]) != 0)
        i++;
    if (i == count)
        stop(WRONG_OPTION, "there is no option %s; --help tells which there are", name);
    if (!value)
        stop(WRONG_OPTION, "expected a value after %s", name);
    switch (i) {
    case 0:
        options->max_new_tokens = whole_number(name, value, MOST_TOKENS);
        break;
    case 1:
        options->temperature = temperature_of(value);
        break;
    case 2:
        options->top_k = whole_number(name, value, 1LL << 31);
        break;
    case 3:
        options->seed = whole_number(name, value, INT64_MAX);
        break;
    default:
        options->folder = value;
    }
}

/* What the command line says. */
static inline Options options_of(int argc, char **argv, const char *about)
{
    Options options = {NULL, NULL, 100, 0, 1, 0.8F, false, false};
    bool all_taken = false; /* behind --, what begins with - is no option */
    program = argc > 0 ? argv[0] : "";
#ifdef _WIN32
    _setmode(_fileno(stdin), _O_BINARY);
    _setmode(_fileno(stdout), _O_BINARY);
#endif
    for (int i = 1; i < argc; i++) {
        const char *argument = argv[i], *equals = strchr(argument, '=');
        if (all_taken || argument[0] != '-' || !argument[1]) {
            if (options.beginning)
                stop(WRONG_OPTION, "expected one beginning: put it between quotes");
            options.beginning = argument;
        } else if (strcmp(argument, "--") == 0) {
            all_taken = true;
        } else if (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0) {
            printf("%s\n\n%s\n", about, HELP);
            exit(0);
        } else if (strcmp(argument, "--stop-at-newline") == 0) {
            options.stop_at_newline = true;
        } else if (strcmp(argument, "--ids") == 0) {
            options.ids = true;
        } else if (equals) {
            char name[32];
            snprintf(name, sizeof name, "%.*s", (int)(equals - argument < 31 ? equals - argument : 31), argument);
            take(&options, name, equals + 1);
        } else {
            const char *value = i + 1 < argc ? argv[++i] : NULL;
            take(&options, argument, value);
        }
    }
    return options;
}

#endif
