// Random calls of the allocator against a model that knows what each block must
// hold. Built and run by TestTheHeapKeepsWhatItIsGiven.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"

// The part of the core that arena.c refers to.
void ts_set_allocator(void *(*m)(size_t), void *(*c)(size_t, size_t), void *(*r)(void *, size_t), void (*f)(void *)) {
  (void)m, (void)c, (void)r, (void)f;
}

#define BLOCKS 512

typedef struct {
  uint8_t *bytes;
  size_t size;
  uint8_t mark;
} block;

static uint64_t state;

static uint64_t draw(void) { // xorshift64
  state ^= state << 13, state ^= state >> 7, state ^= state << 17;
  return state;
}

static size_t draw_size(void) {
  static const size_t most[] = {16, 100, 2000, 70000, 3000000};
  uint64_t kind = draw() % 100;
  return draw() % most[kind < 40 ? 0 : kind < 80 ? 1 : kind < 95 ? 2 : kind < 99 ? 3 : 4];
}

static void demand(int holds, const char *what) {
  if (holds) return;
  fprintf(stderr, "%s\n", what);
  exit(1);
}

static void check(const block *b, size_t size) {
  for (size_t i = 0; i < size; i++) demand(b->bytes[i] == b->mark, "a block holds what was not written to it");
}

static void fill(block *b) {
  b->mark = (uint8_t)draw();
  if (b->size) memset(b->bytes, b->mark, b->size);
}

static void step(block *b) {
  demand((uintptr_t)b->bytes % 8 == 0, "a block is not aligned");
  check(b, b->size);
  size_t size = draw_size();
  switch (draw() % 4) {
    case 0:
      sluice_free(b->bytes);
      *b = (block){0};
      return;
    case 1:
      sluice_free(b->bytes);
      b->bytes = sluice_malloc(b->size = size);
      break;
    case 2:
      sluice_free(b->bytes);
      b->bytes = sluice_calloc(size / 8 + 1, 8);
      b->size = (size / 8 + 1) * 8;
      b->mark = 0;
      check(b, b->size);
      break;
    default:
      if (size == 0) size = 1; // realloc to nothing means what it likes
      b->bytes = sluice_realloc(b->bytes, size);
      check(b, size < b->size ? size : b->size);
      b->size = size;
  }
  fill(b);
}

static void scan(sluice_heap *heap, int steps, size_t *peak) {
  static block outer, blocks[BLOCKS];
  // A block of the C library lives through the scan and grows within it.
  outer.bytes = sluice_realloc(outer.bytes, outer.size = draw_size() + 1);
  fill(&outer);
  sluice_heap_enter(heap);
  for (int i = 0; i < steps; i++) step(&blocks[draw() % BLOCKS]);
  check(&outer, outer.size);
  *peak = sluice_heap_peak(heap);
  for (int i = 0; i < BLOCKS; i++) {
    check(&blocks[i], blocks[i].size);
    // What an arena holds may be left; what spilled into the C library may not.
    if (heap->spilled || draw() % 2) sluice_free(blocks[i].bytes);
    blocks[i] = (block){0};
  }
  if (!heap->base) demand(heap->live == 0, "blocks of the C library are counted that are gone");
  sluice_heap_leave(heap);
  sluice_free(outer.bytes);
  outer = (block){0};
}

int main(int count, char **arguments) {
  state = count > 1 ? strtoull(arguments[1], NULL, 10) * 2 + 1 : 1;
  for (int own = 0; own < 2; own++) {
    sluice_heap *heap = sluice_heap_new(own);
    size_t peak;
    for (int i = 0; i < 6; i++) {
      scan(heap, 2000, &peak);
      // Blocks given back are used again: 2000 steps ask for three times as much.
      demand(peak < (size_t)400 << 20, "memory is not used again");
    }
    sluice_heap_delete(heap);
  }
  // A heap that runs full goes on in the C library.
  sluice_heap *small = sluice_heap_new(true);
  demand(small->base != NULL, "no addresses for an arena");
  uint8_t *end = small->end;
  small->end = small->base + ((size_t)4 << 20);
  for (int i = 0; i < 5; i++) {
    size_t peak;
    scan(small, 2000, &peak);
    demand(small->spilled, "a full arena gave what it does not have");
  }
  small->end = end;
  sluice_heap_delete(small);
  return 0;
}
