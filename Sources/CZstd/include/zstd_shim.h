/* SPDX-License-Identifier: Apache-2.0
 * libzstd, loaded at the first use: only compressed exports and imports need it. */
#ifndef ZSTD_SHIM_H
#define ZSTD_SHIM_H

#include <stddef.h>
#include <stdint.h>

/* Loads the library. Returns 0, or -1 with the loader's words in `problem`. */
int shim_zstd_load(char *problem, size_t size);

/* How much of each buffer a call has used. */
struct shim_zstd_progress {
  size_t consumed, produced;
};

/* A compressor with so many threads (0: none of its own) whose frames end with a checksum; NULL without memory.
 * job_size: how much one thread takes at a time, which bounds its memory. */
void *shim_zstd_new_encoder(int level, int threads, int job_size);
void shim_zstd_free_encoder(void *encoder);
/* ZSTD_compressStream2. Returns 0 when all is done that was asked for, 1 when there is more, -1 with `problem`. */
int shim_zstd_encode(
    void *encoder, const void *in, size_t in_size, void *out, size_t out_size, int end_frame,
    struct shim_zstd_progress *progress, const char **problem);

/* A decompressor that refuses frames which need more than 2^window_log bytes of memory. */
void *shim_zstd_new_decoder(int window_log);
void shim_zstd_free_decoder(void *decoder);
/* ZSTD_decompressStream. Returns 0 at the end of a frame, 1 within one, -1 with `problem`. */
int shim_zstd_decode(
    void *decoder, const void *in, size_t in_size, void *out, size_t out_size,
    struct shim_zstd_progress *progress, const char **problem);

#endif
