// A quick look at a tree, to find the few nodes at which a pattern can match.
//
// The core's query visits every node and weighs every pattern's first step
// there. A plan says what a node must look like for a pattern to match at it,
// and a walk over the tree asks just that; the query itself is run at the nodes
// that pass and has the last word. So a plan may be too generous, never too
// strict: whatever it cannot express it leaves out.
//
// The core's interface takes some fifty nanoseconds from node to node, as much
// as the query, so the walk reads the nodes where they lie. What it knows of
// them is checked on real trees against the interface (sluice_layout_agrees)
// before a plan is used; where it is wrong, the plain query does the work.

#ifndef SLUICE_WALK_H
#define SLUICE_WALK_H

#include "tree_sitter.h"

// What a node must be: a symbol (0: any), every one of some clauses met by its
// children, and every one of some tests by its text. Ranges are of the plan's.
typedef struct {
  uint16_t symbol;
  uint16_t clause, clauses;
  uint16_t test, tests;
} sluice_need;

// A clause is met if one of the node's children is what one of its needs asks.
typedef struct {
  uint16_t need, needs;
} sluice_clause;

// A test of a text against strings.
typedef struct {
  uint16_t op; // SLUICE_TEST_*
  uint16_t string, strings;
} sluice_test;

enum {
  SLUICE_TEST_IN,         // the text is one of them
  SLUICE_TEST_HOLDS,      // one of them, given in lower case, is in the text; ASCII case is ignored
};

typedef struct {
  uint32_t start, length; // in the plan's text
} sluice_string;

#define SLUICE_PATH 4

// A key is a place below a node, given by the symbols on the way to it, whose
// text alone tells nearly always that no pattern matches. A text leads to the
// needs of the patterns that ask for it there.
typedef struct {
  uint16_t path[SLUICE_PATH];
  uint16_t depth;       // of the path, up to SLUICE_PATH; 0: the node itself
  uint16_t slot, slots; // a hash table, slots a power of two
  uint64_t lengths;     // bit n: one of the texts has n bytes
} sluice_key;

typedef struct {
  sluice_string string; // length 0: an empty slot
  uint32_t hash;
  uint16_t need, needs; // in the plan's list of needs
} sluice_slot;

// The roots of patterns with one symbol.
typedef struct {
  uint16_t symbol;
  uint16_t key, keys;   // for patterns found by a text
  uint16_t need, needs; // for the others; in the plan's list of needs
} sluice_root;

// A plan. Everything in it is allocated apart and is the plan's; it does not change once made, and any
// number of scanners may use it at once.
typedef struct {
  sluice_need *needs;
  sluice_clause *clauses;
  sluice_test *tests;
  sluice_string *strings;
  sluice_key *keys;
  sluice_slot *slots;
  sluice_root *roots;
  uint16_t *list;     // numbers of needs
  char *text;
  uint16_t *root_of;  // by public symbol: the number of its root, from 1
  uint32_t symbols;
  bool leaves;        // some pattern may match at a node without children
} sluice_plan;

void sluice_plan_delete(sluice_plan *);
uint32_t sluice_hash(const char *text, uint32_t length);
bool sluice_layout_agrees(const TSLanguage *, const char *source, uint32_t length);

// sluice_walk calls visit for each node at which a pattern of the plan may
// match, in the order of the text, and tick now and then; either ends the walk
// by answering false.
typedef struct {
  void *payload;
  bool (*visit)(void *payload, TSNode);
  bool (*tick)(void *payload);
} sluice_visitor;

void sluice_walk(const sluice_plan *, const TSLanguage *, const TSTree *, const char *source, sluice_visitor);

#endif
