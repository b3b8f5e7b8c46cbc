/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "crypto_shim.h"

#include <dlfcn.h>
#include <openssl/evp.h>
#include <stdio.h>

static __typeof__(EVP_MD_CTX_new) *new_context;
static __typeof__(EVP_MD_CTX_free) *free_context;
static __typeof__(EVP_sha256) *sha256;
static __typeof__(EVP_DigestInit_ex) *init;
static __typeof__(EVP_DigestUpdate) *update;
static __typeof__(EVP_DigestFinal_ex) *final;

int shim_crypto_load(char *problem, size_t size) {
  if (final) return 0;
  void *library = dlopen("libcrypto.so.3", RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char *why = dlerror();
    snprintf(problem, size, "%s", why ? why : "");
    return -1;
  }
  const struct { const char *name; void **place; } functions[] = {
      {"EVP_MD_CTX_new", (void **)&new_context},
      {"EVP_MD_CTX_free", (void **)&free_context},
      {"EVP_sha256", (void **)&sha256},
      {"EVP_DigestInit_ex", (void **)&init},
      {"EVP_DigestUpdate", (void **)&update},
      {"EVP_DigestFinal_ex", (void **)&final},
  };
  for (size_t index = 0; index < sizeof functions / sizeof *functions; index++) {
    *functions[index].place = dlsym(library, functions[index].name);
    if (*functions[index].place) continue;
    snprintf(problem, size, "libcrypto.so.3 lacks %s", functions[index].name);
    final = NULL;
    return -1;
  }
  return 0;
}

void *shim_sha256_new(void) {
  EVP_MD_CTX *context = new_context();
  if (context && init(context, sha256(), NULL) == 1) return context;
  free_context(context);
  return NULL;
}

void shim_sha256_free(void *digest) { free_context(digest); }

int shim_sha256_add(void *digest, const void *bytes, size_t count) {
  return update(digest, bytes, count) == 1 ? 0 : -1;
}

int shim_sha256_finish(void *digest, unsigned char sum[32]) {
  return final(digest, sum, NULL) == 1 ? 0 : -1;
}
