/* Characters of UTF-8. C11 and C++17. */
#ifndef UTF8_H
#define UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The code point at the front of some UTF-8, and its bytes in *size. What is none gives U+FFFD for the longest part
   that could have begun one, as the Unicode standard recommends. */
static inline uint32_t character(const char *text, size_t left, size_t *size)
{
    unsigned first = (unsigned char)text[0], low = 0x80, high = 0xbf; /* what the second byte may be */
    size_t whole = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    uint32_t code = first & (0x7fU >> whole);
    *size = 1;
    if (first < 0x80)
        return first;
    if (first < 0xc2 || first > 0xf4)
        return 0xfffd;
    if (first == 0xe0 || first == 0xf0)
        low = first == 0xe0 ? 0xa0 : 0x90; /* less would be a longer form of a shorter one */
    if (first == 0xed || first == 0xf4)
        high = first == 0xed ? 0x9f : 0x8f; /* more would be a surrogate, or above U+10FFFF */
    for (; *size < whole; ++*size, low = 0x80, high = 0xbf) {
        unsigned next = *size < left ? (unsigned char)text[*size] : 0;
        if (next < low || next > high)
            return 0xfffd;
        code = code << 6 | (next & 0x3f);
    }
    return code;
}

/* Whether a character parts words. */
static inline bool blank(uint32_t c)
{
    return (c >= 9 && c <= 13) || (c >= 28 && c <= 32) || c == 0x85 || c == 0xa0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

#endif
