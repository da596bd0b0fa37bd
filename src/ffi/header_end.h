
/* ---- functions that make values ---- */

/* NULL of any type. */
static inline vecsink_value vecsink_null(void) {
    vecsink_value value;
    memset(&value, 0, sizeof value);
    return value;
}

static inline vecsink_value vecsink_bool(bool truth) {
    vecsink_value value = vecsink_null();
    value.type = VECSINK_BOOL;
    value.as.i64 = truth ? 1 : 0;
    return value;
}

static inline vecsink_value vecsink_i64(int64_t number) {
    vecsink_value value = vecsink_null();
    value.type = VECSINK_I64;
    value.as.i64 = number;
    return value;
}

static inline vecsink_value vecsink_f32(float number) {
    vecsink_value value = vecsink_null();
    value.type = VECSINK_F32;
#ifdef __cplusplus
    value.as.f64 = static_cast<double>(number);
#else
    value.as.f64 = (double)number;
#endif
    return value;
}

static inline vecsink_value vecsink_f64(double number) {
    vecsink_value value = vecsink_null();
    value.type = VECSINK_F64;
    value.as.f64 = number;
    return value;
}

/* Used by vecsink_str and the functions below that take data and a length. */
static inline vecsink_value vecsink_of_span(vecsink_type type, const void *data, size_t length) {
    vecsink_value value = vecsink_null();
    value.type = type;
    value.as.span.data = data;
    value.as.span.length = length;
    return value;
}

/* UTF-8, length in bytes. */
static inline vecsink_value vecsink_str(const char *text, size_t length) {
    return vecsink_of_span(VECSINK_STR, text, length);
}

/* UTF-8 up to the first NUL; NULL of any type for a NULL pointer. */
static inline vecsink_value vecsink_text(const char *text) {
    return text == NULL ? vecsink_null() : vecsink_of_span(VECSINK_STR, text, strlen(text));
}

static inline vecsink_value vecsink_bytes(const void *data, size_t length) {
    return vecsink_of_span(VECSINK_BYTES, data, length);
}

/* high * 2^64 + low, with `scale` digits after the decimal point. */
static inline vecsink_value vecsink_decimal_of(int64_t high, uint64_t low, uint32_t scale) {
    vecsink_value value = vecsink_null();
    value.type = VECSINK_DECIMAL;
    value.extra = scale;
    value.as.decimal.high = high;
    value.as.decimal.low = low;
    return value;
}

/* Days since 1970-01-01. */
static inline vecsink_value vecsink_date(int32_t days) {
    vecsink_value value = vecsink_i64(days);
    value.type = VECSINK_DATE;
    return value;
}

/* Nanoseconds since midnight. */
static inline vecsink_value vecsink_time(int64_t nanoseconds) {
    vecsink_value value = vecsink_i64(nanoseconds);
    value.type = VECSINK_TIME;
    return value;
}

/* A date and time without a zone: seconds since 1970-01-01 00:00:00, and nanoseconds below 1,000,000,000. */
static inline vecsink_value vecsink_timestamp(int64_t seconds, uint32_t nanoseconds) {
    vecsink_value value = vecsink_i64(seconds);
    value.type = VECSINK_TIMESTAMP;
    value.extra = nanoseconds;
    return value;
}

/* An instant: seconds since 1970-01-01 00:00:00 UTC, and nanoseconds below 1,000,000,000. */
static inline vecsink_value vecsink_instant(int64_t seconds, uint32_t nanoseconds) {
    vecsink_value value = vecsink_timestamp(seconds, nanoseconds);
    value.type = VECSINK_INSTANT;
    return value;
}

static inline vecsink_value vecsink_vector_f32(const float *elements, size_t length) {
    return vecsink_of_span(VECSINK_VECTOR_F32, elements, length);
}

static inline vecsink_value vecsink_vector_f64(const double *elements, size_t length) {
    return vecsink_of_span(VECSINK_VECTOR_F64, elements, length);
}

/* IEEE half precision, as its 16 bits. */
static inline vecsink_value vecsink_vector_f16(const uint16_t *elements, size_t length) {
    return vecsink_of_span(VECSINK_VECTOR_F16, elements, length);
}

static inline vecsink_value vecsink_array(const vecsink_value *elements, size_t length) {
    return vecsink_of_span(VECSINK_ARRAY, elements, length);
}

#endif /* VECSINK_H */
