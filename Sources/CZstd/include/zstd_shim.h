/* SPDX-License-Identifier: Apache-2.0
 * libzstd, loaded at the first use: only compressed exports and imports need it. */
#ifndef ZSTD_SHIM_H
#define ZSTD_SHIM_H

#include <stddef.h>
#include <stdint.h>

/* Loads the library. Returns 0, or -1 with the loader's words in `problem`. */
int shim_zstd_load(char *problem, size_t size);

/* A compressor whose frames end with a checksum; NULL without memory. One thread may use it at a time. */
void *shim_zstd_new_encoder(int level);
void shim_zstd_free_encoder(void *encoder);
/* ZSTD_compressBound: what `size` bytes take at most. */
size_t shim_zstd_bound(size_t size);
/* ZSTD_compress2: one frame of all that is in `in`. Returns its size, -1 with `problem`. */
long shim_zstd_encode(
    void *encoder, const void *in, size_t in_size, void *out, size_t out_size,
    const char **problem);

/* How much of each buffer a call has used. */
struct shim_zstd_progress {
  size_t consumed, produced;
};

/* A decompressor that refuses frames which need more than 2^window_log bytes of memory. */
void *shim_zstd_new_decoder(int window_log);
void shim_zstd_free_decoder(void *decoder);
/* ZSTD_decompressStream. Returns 0 at the end of a frame, 1 within one, -1 with `problem`. */
int shim_zstd_decode(
    void *decoder, const void *in, size_t in_size, void *out, size_t out_size,
    struct shim_zstd_progress *progress, const char **problem);

#endif
