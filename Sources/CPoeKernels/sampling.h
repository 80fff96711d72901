// Choosing among logits.

/// Integers in the order of the logits: those of negative numbers are turned round, and -0 is 0.
INLINE i16 ordered(v16 logits) {
    i16 bits = (i16)(logits + 0.0f);
    return bits ^ ((bits >> 31) & 0x7fffffff);
}

/// How many of `count` integers, whole vectors, are at least `least`.
INLINE int32_t count_from(const int32_t *values, ptrdiff_t count, int32_t least) {
    i16 found = splat_int(0);
    for (ptrdiff_t i = 0; i < count; i += LANES) found -= *(const i16_anywhere *)(values + i) >= least;
    return __builtin_reduce_add(found);
}

static ptrdiff_t select_largest(const float *logits, ptrdiff_t count, ptrdiff_t wanted,
                                uint32_t *ids, int32_t *scratch) {
    ptrdiff_t whole = round_up(count, LANES);
    for (ptrdiff_t i = 0; i < count; i += LANES)
        *(i16_anywhere *)(scratch + i) = ordered(load_some(logits + i, count - i));
    for (ptrdiff_t i = count; i < whole; i++) scratch[i] = INT32_MIN;
    if (wanted > count) wanted = count;
    // The greatest number that at least `wanted` logits reach, bit by bit.
    int64_t reached = INT32_MIN;
    for (int64_t step = (int64_t)1 << 31; step > 0; step >>= 1) {
        int64_t tried = reached + step;
        if (tried <= INT32_MAX && count_from(scratch, whole, (int32_t)tried) >= wanted)
            reached = tried;
    }
    int32_t least = (int32_t)reached;
    ptrdiff_t above = least == INT32_MAX ? 0 : count_from(scratch, whole, least + 1);
    // Of those that are equal to it, only as many as there is room for.
    ptrdiff_t equal = wanted - above, found = 0;
    for (ptrdiff_t i = 0; i < count && found < wanted; i++) {
        int is_least = scratch[i] == least;
        ids[found] = (uint32_t)i;
        found += scratch[i] > least || (is_least && equal > 0);
        equal -= is_least;
    }
    return found;
}
