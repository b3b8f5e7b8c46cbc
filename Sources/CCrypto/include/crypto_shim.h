/* SPDX-License-Identifier: Apache-2.0
 * libcrypto of OpenSSL 3, loaded at the first use: only checksums need it. */
#ifndef CRYPTO_SHIM_H
#define CRYPTO_SHIM_H

#include <stddef.h>

/* Loads the library. Returns 0, or -1 with the loader's words in `problem`. */
int shim_crypto_load(char *problem, size_t size);
/* A new SHA-256; NULL where there is no memory, or a policy forbids the algorithm. */
void *shim_sha256_new(void);
void shim_sha256_free(void *digest);
/* Returns 0, or -1. */
int shim_sha256_add(void *digest, const void *bytes, size_t count);
int shim_sha256_finish(void *digest, unsigned char sum[32]);

#endif
