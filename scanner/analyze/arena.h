// Where tree-sitter's memory comes from.
//
// A heap serves the parser, the tree and the cursor of one scan, and is emptied
// when the scan is over: nothing is walked to be freed, and nothing lingers in
// the C library's lists. The core's allocator is one for the whole process, so
// which heap serves is a matter of the thread: sluice_heap_enter and
// sluice_heap_leave stand around a scan, which is one call from Go and so keeps
// its thread. A thread outside a scan uses the C library, like any other user
// of tree-sitter in this process: blocks of a heap are told from all others by
// their address, so blocks of the C library carry nothing of ours.

#ifndef SLUICE_ARENA_H
#define SLUICE_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Sizes of blocks: steps of 16 bytes up to 1 KiB, then four to each doubling.
#define SLUICE_FINE_CLASSES 64
#define SLUICE_CLASSES (SLUICE_FINE_CLASSES + 4 * 27 + 1)

// A heap. One thread at a time. Zero: one that takes from the C library and
// only counts.
typedef struct {
  uint8_t *base;         // of the addresses set aside; NULL: from the C library
  uint8_t *top;          // blocks lie below
  uint8_t *usable;       // the end of what may be touched
  uint8_t *end;          // of the addresses
  uint64_t asked;        // bytes that the core has asked for, returned or not
  int64_t live, peak;    // bytes taken from the C library
  bool spilled;          // some blocks of this scan are the C library's
  void *free[SLUICE_CLASSES];
} sluice_heap;

void sluice_heap_install(void);                  // makes the core use all this; once, before anything is made in the core
sluice_heap *sluice_heap_new(bool own);          // own: an arena, or the C library's where no addresses are to be had
void sluice_heap_delete(sluice_heap *);
void sluice_heap_enter(sluice_heap *);           // from now on this thread takes from it
void sluice_heap_leave(sluice_heap *);           // and no more; every block of an arena is gone
uint64_t sluice_heap_peak(const sluice_heap *);  // most bytes taken since it was entered

void *sluice_malloc(size_t);
void *sluice_calloc(size_t, size_t);
void *sluice_realloc(void *, size_t);
void sluice_free(void *);

#endif
