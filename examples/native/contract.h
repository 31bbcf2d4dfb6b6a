/* The types of the tables in model.h, which tell what the model is: its graphs and its vocabulary. C11 and C++17. */
#ifndef CONTRACT_H
#define CONTRACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MOST_AXES 8
#define NONE INT64_C(-1) /* in the place of an id: there is none */

/* The numbers are those of ONNX. */
typedef enum { DTYPE_FLOAT32 = 1, DTYPE_UINT8 = 2, DTYPE_INT64 = 7, DTYPE_BOOL = 9 } Dtype;

/* One input or output of a graph. */
typedef struct {
    const char *name;
    Dtype dtype;
    int rank;
    int64_t axes[MOST_AXES]; /* sizes; an axis that may have any is the letter it goes by, as a negative number: -'N' */
} TensorSpec;

/* What comes out as `next` goes in as `state` at the next call. */
typedef struct {
    const char *state, *next;
} StatePair;

/* One .onnx file, and what goes in and comes out, in order. */
typedef struct {
    const char *graph, *file, *sha256;
    size_t bytes;
    const TensorSpec *inputs;
    int input_count;
    const TensorSpec *outputs;
    int output_count;
    const StatePair *states;
    int state_count;
} Contract;

/* The text of a token, which may hold any byte; none for those that are no text. */
typedef struct {
    const char *text;
    size_t size;
} Piece;

typedef struct {
    const int64_t *ids;
    size_t count;
} Ids;

/* How a text becomes ids. */
typedef struct {
    const Piece *pieces; /* by id */
    Ids sorted;          /* the tokens that are looked for, in the order of their bytes */
    bool spaced;         /* blanks part the tokens; else the longest piece that fits is taken, from left to right */
    int64_t line_break;  /* what stands for a line break where spaced */
    bool breaks_are_blanks;
    int64_t unk_id; /* what stands for the unknown; NONE: it is left out */
    int64_t pad_id; /* what shorter texts are filled up with */
    size_t width;   /* to so many tokens */
    Ids before, after; /* ids in front of each text and behind it */
    Ids opening;       /* what is read where a text begins and there are none */
} Reads;

/* How ids become a text. */
typedef struct {
    const Piece *pieces; /* by id */
    size_t count;
    bool spaced; /* a blank stands before each piece but the first and those beside a line break */
    int64_t line_break;
    Ids banned;             /* are never written */
    Ids stop_ids;           /* their text holds a line break */
    int64_t bos_id, eos_id; /* what is read before the first token, and what ends a text */
} Writes;

/* The shape of a tensor: one text at a time is N, and `count` whatever else has no size of its own. Gives its elements. */
static inline size_t shape_of(const TensorSpec *spec, size_t count, int64_t *shape)
{
    size_t elements = 1;
    for (int i = 0; i < spec->rank; i++) {
        shape[i] = spec->axes[i] == -'N' ? 1 : spec->axes[i] < 0 ? (int64_t)count : spec->axes[i];
        elements *= (size_t)shape[i];
    }
    return elements;
}

/* The bytes of one element. */
static inline size_t dtype_size(Dtype dtype)
{
    return dtype == DTYPE_INT64 ? 8 : dtype == DTYPE_FLOAT32 ? 4 : 1;
}

#endif
