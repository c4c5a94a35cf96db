// Decimal numbers as the kernel writes them, exactly: 64 bits a number, 128 bits a product.
#include <errno.h>

#include "sensors/drivers/sysfs.h"

#define DECIMALS_MAX 18

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

// Zeros at the end of the decimals say nothing and would cost digits.
static void trim(struct decimal *number)
{
    for (; number->decimals > 0 && number->digits % 10 == 0; number->decimals--)
        number->digits /= 10;
}

static int append(struct decimal *number, char c)
{
    if (__builtin_mul_overflow(number->digits, 10, &number->digits) ||
        __builtin_add_overflow(number->digits, (uint64_t)(c - '0'), &number->digits))
        return -ERANGE;
    return 0;
}

int decimal_parse(const char *text, struct decimal *ret)
{
    struct decimal number = { .negative = *text == '-' };
    int r = 0;
    text += number.negative;
    if (!digit(*text))
        return -EILSEQ;
    for (; digit(*text) && r == 0; text++)
        r = append(&number, *text);
    if (r == 0 && *text == '.') {
        text++;
        if (!digit(*text))
            return -EILSEQ;
        for (; digit(*text) && r == 0; text++, number.decimals++)
            r = number.decimals < DECIMALS_MAX ? append(&number, *text) : -ERANGE;
    }
    if (r < 0)
        return r;
    text += *text == '\n';
    if (*text != '\0')
        return -EILSEQ;
    trim(&number);
    *ret = number;
    return 0;
}

static int align(struct decimal *number, unsigned decimals)
{
    for (; number->decimals < decimals; number->decimals++)
        if (__builtin_mul_overflow(number->digits, 10, &number->digits))
            return -ERANGE;
    return 0;
}

int decimal_add(const struct decimal *a, const struct decimal *b, struct decimal *ret)
{
    struct decimal x = *a, y = *b;
    int r = align(&x, y.decimals);
    if (r == 0)
        r = align(&y, x.decimals);
    if (r < 0)
        return r;
    if (x.negative == y.negative) {
        if (__builtin_add_overflow(x.digits, y.digits, &x.digits))
            return -ERANGE;
    } else if (x.digits >= y.digits) {
        x.digits -= y.digits;
    } else {
        x.digits = y.digits - x.digits;
        x.negative = y.negative;
    }
    trim(&x);
    *ret = x;
    return 0;
}

// ---- Products: four limbs of 32 bits, the lowest first

static void multiply(uint64_t a, uint64_t b, uint32_t ret[4])
{
    uint64_t low = (a & UINT32_MAX) * (b & UINT32_MAX);
    uint64_t middle = (a >> 32) * (b & UINT32_MAX) + (low >> 32);
    uint64_t cross = (a & UINT32_MAX) * (b >> 32) + (middle & UINT32_MAX);
    uint64_t high = (a >> 32) * (b >> 32) + (middle >> 32) + (cross >> 32);
    ret[0] = (uint32_t)low;
    ret[1] = (uint32_t)cross;
    ret[2] = (uint32_t)high;
    ret[3] = (uint32_t)(high >> 32);
}

// The digit that was cut off.
static unsigned divide_by_ten(uint32_t number[4])
{
    uint64_t rest = 0;
    for (int i = 3; i >= 0; i--) {
        rest = rest << 32 | number[i];
        number[i] = (uint32_t)(rest / 10);
        rest %= 10;
    }
    return (unsigned)rest;
}

// False: it no longer fits.
static bool multiply_by_ten(uint32_t number[4])
{
    uint64_t carry = 0;
    for (int i = 0; i < 4; i++) {
        carry += (uint64_t)number[i] * 10;
        number[i] = (uint32_t)carry;
        carry >>= 32;
    }
    return carry == 0;
}

int decimal_multiply(const struct decimal *a, const struct decimal *b, int power, int32_t *ret_value)
{
    uint32_t number[4];
    unsigned cut = 0; // the last digit that was cut off decides how to round
    int decimals = (int)(a->decimals + b->decimals) - power;
    multiply(a->digits, b->digits, number);
    for (; decimals > 0; decimals--)
        cut = divide_by_ten(number);
    for (; decimals < 0; decimals++)
        if (!multiply_by_ten(number))
            return -ERANGE;
    uint64_t value = (uint64_t)number[0] + (cut >= 5);
    if (number[1] != 0 || number[2] != 0 || number[3] != 0 || value > INT32_MAX)
        return -ERANGE;
    *ret_value = a->negative != b->negative ? -(int32_t)value : (int32_t)value;
    return 0;
}
