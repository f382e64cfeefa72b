// What is built on tree-sitter: a query with its cheap predicates, and a scan
// that parses a text and runs a query over the tree in a single call from Go.

#ifndef SLUICE_CORE_H
#define SLUICE_CORE_H

#include "arena.h"
#include "tree_sitter.h"
#include "walk.h"

// A query and, for each of its strings, the predicate that it names (SLUICE_OP_*),
// so that no predicate is recognised by its name in the inner loop. With a plan,
// the patterns that are planned are tried only where it says, and the others are
// run as the query rest, if there are any. It does not change once it is in use;
// any number of scanners may use it at once.
typedef struct {
  TSQuery *query;
  uint8_t *ops;
  sluice_plan *plan;  // NULL: the plain query
  bool *planned;      // by pattern
  TSQuery *rest;      // the same text, with the planned patterns switched off; or NULL
} sluice_query;

enum { SLUICE_OP_OTHER, SLUICE_OP_EQ, SLUICE_OP_NOT_EQ, SLUICE_OP_ANY_OF, SLUICE_OP_NOT_ANY_OF };

// One capture of a match: the index of its name and a range of bytes.
typedef struct {
  uint32_t capture, start, end;
} sluice_span;

// One match that the cheap predicates let through: its spans are
// [first, first + count) of the scanner's.
typedef struct {
  uint32_t pattern, first, count;
} sluice_match;

// How much one scan may take. Both are counts that depend on the text alone, so
// that what is found never depends on how busy the machine is.
typedef struct {
  uint64_t steps; // hundreds of operations of the parser and the query
  uint64_t asked; // bytes asked of the allocator
} sluice_limit;

// A heap and what was found last. One thread at a time.
typedef struct {
  sluice_heap *heap;
  sluice_match *matches;
  sluice_span *spans;
  uint32_t match_count, match_capacity;
  uint32_t span_count, span_capacity;
  uint64_t steps, most_steps; // taken by this scan
  uint64_t asked, most_asked, tree_bytes;
  const uint32_t *stop; // set by another thread: give up
  int answer;
} sluice_scanner;

// What a scan answers.
enum { SLUICE_OK, SLUICE_NO_LANGUAGE, SLUICE_NO_TREE, SLUICE_TOO_MANY, SLUICE_NO_MEMORY, SLUICE_TOO_COSTLY, SLUICE_STOPPED };

sluice_query *sluice_query_new(const TSLanguage *, const char *, uint32_t, uint32_t *, TSQueryError *);
void sluice_query_delete(sluice_query *);
void sluice_query_follow(sluice_query *, sluice_plan *, bool *planned, TSQuery *rest); // takes them all over
sluice_scanner *sluice_scanner_new(bool arena);
void sluice_scanner_delete(sluice_scanner *);
int sluice_scan(sluice_scanner *, const TSLanguage *, const sluice_query *, const char *, uint32_t, sluice_limit, const uint32_t *stop);

#endif
