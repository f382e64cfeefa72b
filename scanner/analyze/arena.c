#define _GNU_SOURCE // MAP_ANONYMOUS, madvise, malloc_usable_size

#include "arena.h"
#include "core.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

// Addresses set aside for one heap. They cost nothing until they are used; where
// fewer are allowed (ulimit -v), halves are tried down to LEAST. A tree is about
// thirty times its text, so this holds a file of half a gigabyte.
#define ADDRESSES ((size_t)16 << 30)
#define LEAST ((size_t)1 << 30)

// Memory is made usable in steps of STEP and given back after a scan beyond
// KEPT, which each worker holds. Of the Go files of Kubernetes 96 % stay within
// 1 MiB and 99 % within 2; keeping 4 or 16 saved nothing that could be measured.
#define STEP ((size_t)1 << 20)
#define KEPT ((size_t)2 << 20)

// Before each block stands its class, in a word that keeps the block aligned to
// eight bytes, which is what the core's structures ask for.
#define WORD 8

static __thread sluice_heap *current;

// class_of names the smallest class that holds size bytes and the word, and
// rounds them up to it.
static uint32_t class_of(size_t *size) {
  size_t whole = (*size + WORD + 15) & ~(size_t)15;
  if (whole <= 16 * SLUICE_FINE_CLASSES) {
    *size = whole;
    return (uint32_t)(whole / 16 - 1);
  }
  unsigned log = 63 - (unsigned)__builtin_clzll(whole - 1); // 2^log < whole ≤ 2^(log+1), log ≥ 10
  size_t quarter = (size_t)1 << (log - 2);
  size_t steps = (whole - ((size_t)1 << log) + quarter - 1) / quarter; // 1 to 4
  *size = ((size_t)1 << log) + steps * quarter;
  return SLUICE_FINE_CLASSES + (log - 10) * 4 + (uint32_t)steps - 1;
}

static size_t size_of_class(uint32_t class) {
  if (class < SLUICE_FINE_CLASSES) return ((size_t)class + 1) * 16;
  unsigned log = 10 + (class - SLUICE_FINE_CLASSES) / 4;
  size_t steps = (class - SLUICE_FINE_CLASSES) % 4 + 1;
  return ((size_t)1 << log) + (steps << (log - 2));
}

static bool owns(const sluice_heap *self, const void *block) {
  return self && (uintptr_t)block - (uintptr_t)self->base < (uintptr_t)(self->end - self->base);
}

static uint64_t *word_of(void *block) { return (uint64_t *)((uint8_t *)block - WORD); }

// reach makes the addresses up to `to` usable.
static bool reach(sluice_heap *self, const uint8_t *to) {
  size_t wanted = ((size_t)(to - self->usable) + STEP - 1) / STEP * STEP;
  if (wanted > (size_t)(self->end - self->usable)) return false;
  if (mprotect(self->usable, wanted, PROT_READ | PROT_WRITE) != 0) return false;
  self->usable += wanted;
  return true;
}

// take returns a block of an arena, or NULL where it is full.
static void *take(sluice_heap *self, size_t size) {
  if (size > (size_t)(self->end - self->base) / 2) return NULL;
  uint32_t class = class_of(&size);
  void *block = self->free[class];
  if (block) {
    memcpy(&self->free[class], block, sizeof(void *));
    return block;
  }
  if (size > (size_t)(self->usable - self->top)) {
    if (size > (size_t)(self->end - self->top) || !reach(self, self->top + size)) return NULL;
  }
  block = self->top + WORD;
  self->top += size;
  *word_of(block) = class;
  return block;
}

static void give(sluice_heap *self, void *block) {
  uint64_t class = *word_of(block);
  memcpy(block, &self->free[class], sizeof(void *));
  self->free[class] = block;
}

// grown lengthens the last block of an arena in place.
static bool grown(sluice_heap *self, void *block, size_t size) {
  uint8_t *start = (uint8_t *)block - WORD;
  if (start + size_of_class((uint32_t)*word_of(block)) != self->top || size > (size_t)(self->end - self->base) / 2) return false;
  uint32_t class = class_of(&size);
  if (size > (size_t)(self->end - start)) return false;
  if (start + size > self->usable && !reach(self, start + size)) return false;
  *word_of(block) = class;
  self->top = start + size;
  return true;
}

// Nothing in the core expects to be refused.
static void *must(void *block, size_t size) {
  if (!block && size > 0) {
    fprintf(stderr, "out of memory: the parser asked for %zu bytes and the system has none; use fewer workers or exclude the largest files\n", size);
    abort();
  }
  return block;
}

// ask notes what is asked for, the same from an arena and from the C library.
static void ask(size_t size) {
  if (current) current->asked += size;
}

// count notes blocks taken from the C library during a scan, at their true size.
static void *count(void *block) {
  if (current && block) {
    current->spilled = true;
    current->live += (int64_t)malloc_usable_size(block);
    if (current->live > current->peak) current->peak = current->live;
  }
  return block;
}

static void discount(void *block) {
  if (current && block) current->live -= (int64_t)malloc_usable_size(block);
}

void *sluice_malloc(size_t size) {
  ask(size);
  if (current && current->base) {
    void *block = take(current, size);
    if (block) return block;
  }
  return count(must(malloc(size), size));
}

void *sluice_calloc(size_t number, size_t size) {
  size_t all;
  if (__builtin_mul_overflow(number, size, &all)) return must(NULL, SIZE_MAX);
  ask(all);
  if (current && current->base) {
    void *block = take(current, all);
    if (block) return memset(block, 0, all);
  }
  return count(must(calloc(number, size), all));
}

void *sluice_realloc(void *block, size_t size) {
  if (!block) return sluice_malloc(size);
  ask(size);
  if (!owns(current, block)) {
    discount(block);
    return count(must(realloc(block, size), size));
  }
  size_t room = size_of_class((uint32_t)*word_of(block)) - WORD;
  if (size <= room || grown(current, block, size)) return block;
  void *larger = sluice_malloc(size);
  current->asked -= size; // noted above
  memcpy(larger, block, room);
  give(current, block);
  return larger;
}

void sluice_free(void *block) {
  if (!block) return;
  if (owns(current, block)) {
    give(current, block);
    return;
  }
  discount(block);
  free(block);
}

void sluice_heap_install(void) { ts_set_allocator(sluice_malloc, sluice_calloc, sluice_realloc, sluice_free); }

sluice_heap *sluice_heap_new(bool own) {
  sluice_heap *self = calloc(1, sizeof *self);
  if (!self || !own) return self;
  for (size_t size = ADDRESSES; size >= LEAST; size /= 2) {
    void *base = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) continue;
    self->base = self->top = self->usable = base;
    self->end = self->base + size;
    break;
  }
  return self;
}

void sluice_heap_delete(sluice_heap *self) {
  if (!self) return;
  if (self->base) munmap(self->base, (size_t)(self->end - self->base));
  free(self);
}

void sluice_heap_enter(sluice_heap *self) {
  self->live = self->peak = 0;
  self->asked = 0;
  self->spilled = false;
  current = self;
}

void sluice_heap_leave(sluice_heap *self) {
  current = NULL;
  if (!self->base) return;
  size_t used = (size_t)(self->top - self->base);
  if (used > KEPT) madvise(self->base + KEPT, used - KEPT, MADV_DONTNEED);
  self->top = self->base;
  memset(self->free, 0, sizeof self->free);
}

uint64_t sluice_heap_peak(const sluice_heap *self) {
  return (uint64_t)(self->top - self->base) + (uint64_t)self->peak;
}
