/* Text to ids and back, and the random numbers, for hosts of generate.onnx and step.onnx. C11 and C++17. */
#ifndef VOCABULARY_H
#define VOCABULARY_H

#include <string.h>

#include "model.h"
#include "utf8.h"

/* Writes what a model can read of some bytes to `text`, which has room for three times as many. Gives its size. */
static inline size_t readable(const char *octets, size_t size, char *text)
{
    size_t written = 0, part;
    for (size_t place = 0; place < size; place += part) {
        if (character(octets + place, size - place, &part) == 0xfffd) {
            memcpy(text + written, "\xef\xbf\xbd", 3);
            written += 3;
        } else {
            memcpy(text + written, octets + place, part);
            if (READS.breaks_are_blanks && text[written] == '\n')
                text[written] = ' ';
            written += part;
        }
    }
    return written;
}

/* How many bytes two texts have in common at the front. */
static inline size_t common(const char *text, size_t size, const Piece *piece)
{
    size_t most = size < piece->size ? size : piece->size, i = 0;
    while (i < most && text[i] == piece->text[i])
        i++;
    return i;
}

/* The last of the sorted pieces that does not come after a text in the order of bytes; NONE where all do. */
static inline int64_t not_after(const char *text, size_t size)
{
    size_t low = 0, high = READS.sorted.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const Piece *piece = &READS.pieces[READS.sorted.ids[middle]];
        int order = memcmp(piece->text, text, size < piece->size ? size : piece->size);
        if (order > 0 || (order == 0 && piece->size > size))
            high = middle;
        else
            low = middle + 1;
    }
    return low ? READS.sorted.ids[low - 1] : NONE;
}

/* The id of the longest piece that a text begins with, and its bytes in *size; NONE where there is none. */
static inline int64_t longest(const char *text, size_t left, size_t *size)
{
    for (*size = left; *size > 0;) { /* every piece that fits is the front of the last one that does not come after */
        int64_t id = not_after(text, *size);
        if (id == NONE)
            return NONE;
        *size = common(text, *size, &READS.pieces[id]);
        if (*size == READS.pieces[id].size)
            return id;
    }
    return NONE;
}

/* The id of the next token of a text, NONE where it has none, and the bytes that it takes in *size. */
static inline int64_t next_token(const char *text, size_t left, size_t *size)
{
    size_t part, found;
    uint32_t first = character(text, left, size);
    int64_t id;
    if (READS.spaced && blank(first))
        return first == '\n' ? READS.line_break : NONE;
    if (READS.spaced) {
        while (*size < left && !blank(character(text + *size, left - *size, &part)))
            *size += part;
        id = longest(text, *size, &found);
        return id != NONE && found == *size ? id : READS.unk_id;
    }
    id = longest(text, left, &found);
    if (id == NONE)
        return READS.unk_id;
    *size = found;
    return id;
}

/* The most ids that a text of so many bytes becomes. */
static inline size_t most_ids(size_t size)
{
    return READS.before.count + (size > READS.width ? size : READS.width) + READS.after.count + READS.opening.count;
}

/* Writes the ids of what `readable` gave, and gives their number. */
static inline size_t ids_of(const char *text, size_t size, int64_t *ids)
{
    size_t count = 0, part;
    for (size_t i = 0; i < READS.before.count; i++)
        ids[count++] = READS.before.ids[i];
    for (size_t place = 0; place < size; place += part) {
        int64_t id = next_token(text + place, size - place, &part);
        if (id != NONE)
            ids[count++] = id;
    }
    while (count < READS.before.count + READS.width)
        ids[count++] = READS.pad_id;
    for (size_t i = 0; i < READS.after.count; i++)
        ids[count++] = READS.after.ids[i];
    if (count == 0)
        memcpy(ids, READS.opening.ids, (count = READS.opening.count) * sizeof *ids);
    return count;
}

/* Whether a blank stands before a token in a text that ends with the token `before`; NONE at its start. */
static inline bool parted(int64_t token, int64_t before)
{
    const Piece *piece = &WRITES.pieces[token];
    bool line_break = piece->size == 1 && piece->text[0] == '\n';
    return WRITES.spaced && piece->size && !line_break && before != NONE && before != WRITES.line_break;
}

/* The random number in [0, 1) of a token: Philox4x32-10 (Salmon et al., SC 2011), its counter (token, 0, 0, 0). */
static inline float uniform(int64_t seed, int64_t token)
{
    uint32_t c[4] = {(uint32_t)token, 0, 0, 0}, k[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    for (int round = 0; round < 10; round++) {
        uint64_t p = (uint64_t)c[0] * 0xD2511F53U, q = (uint64_t)c[2] * 0xCD9E8D57U;
        c[0] = (uint32_t)(q >> 32) ^ c[1] ^ k[0];
        c[2] = (uint32_t)(p >> 32) ^ c[3] ^ k[1];
        c[1] = (uint32_t)q;
        c[3] = (uint32_t)p;
        k[0] += 0x9E3779B9U;
        k[1] += 0xBB67AE85U;
    }
    return (float)(c[0] >> 8) / 16777216.0F;
}

#endif
