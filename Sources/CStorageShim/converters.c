/* SPDX-License-Identifier: Apache-2.0
 * Stand-ins for the five functions of ICU that libxml2 calls.
 *
 * ICU would convert documents in rare encodings. Definitions are UTF-8, which libxml2 reads by itself, as it does
 * UTF-16 and Latin-1; iconv(3) does the rest. Without these a program that has libxml2 linked in would need ICU:
 * 30 MB of data, and at every start the third of a command's whole time. The functions say that there is no such
 * converter, which libxml2 reports as an unsupported encoding. */
#if __has_include(<unicode/ucnv.h>)
#include <unicode/ucnv.h>
#include <unicode/ucnv_err.h>

UConverter *ucnv_open(const char *name, UErrorCode *error) {
  (void)name;
  *error = U_FILE_ACCESS_ERROR;
  return 0;
}

void ucnv_close(UConverter *converter) { (void)converter; }

void ucnv_convertEx(UConverter *to, UConverter *from, char **target, const char *target_limit,
                    const char **source, const char *source_limit, UChar *pivot_start,
                    UChar **pivot_source, UChar **pivot_target, const UChar *pivot_limit,
                    UBool reset, UBool flush, UErrorCode *error) {
  (void)to, (void)from, (void)target, (void)target_limit, (void)source, (void)source_limit;
  (void)pivot_start, (void)pivot_source, (void)pivot_target, (void)pivot_limit, (void)reset, (void)flush;
  *error = U_UNSUPPORTED_ERROR;
}

void ucnv_setFromUCallBack(UConverter *converter, UConverterFromUCallback action, const void *context,
                           UConverterFromUCallback *old_action, const void **old_context,
                           UErrorCode *error) {
  (void)converter, (void)action, (void)context, (void)old_action, (void)old_context;
  *error = U_UNSUPPORTED_ERROR;
}

void ucnv_setToUCallBack(UConverter *converter, UConverterToUCallback action, const void *context,
                         UConverterToUCallback *old_action, const void **old_context,
                         UErrorCode *error) {
  (void)converter, (void)action, (void)context, (void)old_action, (void)old_context;
  *error = U_UNSUPPORTED_ERROR;
}

void UCNV_FROM_U_CALLBACK_STOP(const void *context, UConverterFromUnicodeArgs *arguments,
                               const UChar *units, int32_t length, UChar32 point,
                               UConverterCallbackReason reason, UErrorCode *error) {
  (void)context, (void)arguments, (void)units, (void)length, (void)point, (void)reason, (void)error;
}

void UCNV_TO_U_CALLBACK_STOP(const void *context, UConverterToUnicodeArgs *arguments,
                             const char *units, int32_t length, UConverterCallbackReason reason,
                             UErrorCode *error) {
  (void)context, (void)arguments, (void)units, (void)length, (void)reason, (void)error;
}
#endif
