/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "zstd_shim.h"

#include <dlfcn.h>
#include <stdio.h>
#include <zstd.h>

static __typeof__(ZSTD_createCCtx) *new_encoder;
static __typeof__(ZSTD_freeCCtx) *free_encoder;
static __typeof__(ZSTD_CCtx_setParameter) *set_encoder;
static __typeof__(ZSTD_compress2) *compress;
static __typeof__(ZSTD_compressBound) *compress_bound;
static __typeof__(ZSTD_createDCtx) *new_decoder;
static __typeof__(ZSTD_freeDCtx) *free_decoder;
static __typeof__(ZSTD_DCtx_setParameter) *set_decoder;
static __typeof__(ZSTD_decompressStream) *decompress_stream;
static __typeof__(ZSTD_isError) *is_error;
static __typeof__(ZSTD_getErrorName) *error_name;

int shim_zstd_load(char *problem, size_t size) {
  if (error_name) return 0;
  void *library = dlopen("libzstd.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char *why = dlerror();
    snprintf(problem, size, "%s", why ? why : "");
    return -1;
  }
  const struct { const char *name; void **place; } functions[] = {
      {"ZSTD_createCCtx", (void **)&new_encoder},
      {"ZSTD_freeCCtx", (void **)&free_encoder},
      {"ZSTD_CCtx_setParameter", (void **)&set_encoder},
      {"ZSTD_compress2", (void **)&compress},
      {"ZSTD_compressBound", (void **)&compress_bound},
      {"ZSTD_createDCtx", (void **)&new_decoder},
      {"ZSTD_freeDCtx", (void **)&free_decoder},
      {"ZSTD_DCtx_setParameter", (void **)&set_decoder},
      {"ZSTD_decompressStream", (void **)&decompress_stream},
      {"ZSTD_isError", (void **)&is_error},
      {"ZSTD_getErrorName", (void **)&error_name},
  };
  for (size_t index = 0; index < sizeof functions / sizeof *functions; index++) {
    *functions[index].place = dlsym(library, functions[index].name);
    if (*functions[index].place) continue;
    snprintf(problem, size, "libzstd.so.1 lacks %s", functions[index].name);
    error_name = NULL;
    return -1;
  }
  return 0;
}

void *shim_zstd_new_encoder(int level) {
  ZSTD_CCtx *encoder = new_encoder();
  if (!encoder) return NULL;
  set_encoder(encoder, ZSTD_c_compressionLevel, level);
  set_encoder(encoder, ZSTD_c_checksumFlag, 1);
  return encoder;
}

void shim_zstd_free_encoder(void *encoder) { free_encoder(encoder); }

size_t shim_zstd_bound(size_t size) { return compress_bound(size); }

long shim_zstd_encode(
    void *encoder, const void *in, size_t in_size, void *out, size_t out_size,
    const char **problem) {
  size_t result = compress(encoder, out, out_size, in, in_size);
  if (!is_error(result)) return (long)result;
  *problem = error_name(result);
  return -1;
}

void *shim_zstd_new_decoder(int window_log) {
  ZSTD_DCtx *decoder = new_decoder();
  if (decoder) set_decoder(decoder, ZSTD_d_windowLogMax, window_log);
  return decoder;
}

void shim_zstd_free_decoder(void *decoder) { free_decoder(decoder); }

int shim_zstd_decode(
    void *decoder, const void *in, size_t in_size, void *out, size_t out_size,
    struct shim_zstd_progress *progress, const char **problem) {
  ZSTD_inBuffer input = {in, in_size, 0};
  ZSTD_outBuffer output = {out, out_size, 0};
  size_t result = decompress_stream(decoder, &output, &input);
  progress->consumed = input.pos;
  progress->produced = output.pos;
  if (is_error(result)) {
    *problem = error_name(result);
    return -1;
  }
  return result != 0;
}
