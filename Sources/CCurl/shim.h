#pragma once
/* The macros that check types in C hide the functions from Swift. */
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

/* libcurl's setters and getters take any type through "...", which Swift cannot call: here is one for
 * each type that is used. */

static inline CURLcode ccurl_set_long(CURL *curl, CURLoption option, long value)
{
    return curl_easy_setopt(curl, option, value);
}

static inline CURLcode ccurl_set_size(CURL *curl, CURLoption option, curl_off_t value)
{
    return curl_easy_setopt(curl, option, value);
}

static inline CURLcode ccurl_set_text(CURL *curl, CURLoption option, const char *value)
{
    return curl_easy_setopt(curl, option, value);
}

static inline CURLcode ccurl_set_pointer(CURL *curl, CURLoption option, void *value)
{
    return curl_easy_setopt(curl, option, value);
}

/* For what takes bytes: CURLOPT_HEADERFUNCTION and CURLOPT_WRITEFUNCTION. */
static inline CURLcode ccurl_set_receiver(
    CURL *curl, CURLoption option,
    size_t (*receive)(char *bytes, size_t size, size_t count, void *context))
{
    return curl_easy_setopt(curl, option, receive);
}

static inline long ccurl_status(CURL *curl)
{
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

/* How the one transfer of a multi handle ended, after it has. */
static inline CURLcode ccurl_result(CURLM *multi)
{
    int left = 0;
    const CURLMsg *message = curl_multi_info_read(multi, &left);
    return message && message->msg == CURLMSG_DONE ? message->data.result : CURLE_FAILED_INIT;
}
