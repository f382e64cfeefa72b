// The part of tree-sitter's C interface that this package uses, and the two
// things built on it: a query with its cheap predicates, and a scan that parses
// a text and runs a query over the tree in a single call from Go.
//
// The declarations of tree-sitter are taken from tree_sitter/api.h of the core
// (MIT licence, github.com/tree-sitter/tree-sitter, language ABI 13 to 15),
// since a header of another Go module cannot be included. They must follow the
// version of github.com/tree-sitter/go-tree-sitter in go.mod.

#ifndef SLUICE_CORE_H
#define SLUICE_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"

typedef struct TSLanguage TSLanguage;
typedef struct TSParser TSParser;
typedef struct TSTree TSTree;
typedef struct TSQuery TSQuery;
typedef struct TSQueryCursor TSQueryCursor;

typedef struct { uint32_t context[4]; const void *id; const TSTree *tree; } TSNode;
typedef struct { TSNode node; uint32_t index; } TSQueryCapture;
typedef struct {
  uint32_t id;
  uint16_t pattern_index, capture_count;
  const TSQueryCapture *captures;
} TSQueryMatch;

typedef struct { uint32_t row, column; } TSPoint;
typedef struct {
  void *payload;
  const char *(*read)(void *payload, uint32_t byte_index, TSPoint position, uint32_t *bytes_read);
  int encoding; // an enumeration; 0: UTF-8
  uint32_t (*decode)(const uint8_t *, uint32_t, int32_t *);
} TSInput;
typedef struct { void *payload; uint32_t current_byte_offset; bool has_error; } TSParseState;
typedef struct { void *payload; bool (*progress_callback)(TSParseState *); } TSParseOptions;
typedef struct { void *payload; uint32_t current_byte_offset; } TSQueryCursorState;
typedef struct { void *payload; bool (*progress_callback)(TSQueryCursorState *); } TSQueryCursorOptions;

typedef enum { TSStepDone, TSStepCapture, TSStepString } TSQueryPredicateStepType;
typedef struct { TSQueryPredicateStepType type; uint32_t value_id; } TSQueryPredicateStep;
typedef enum {
  TSQueryErrorNone, TSQueryErrorSyntax, TSQueryErrorNodeType, TSQueryErrorField,
  TSQueryErrorCapture, TSQueryErrorStructure, TSQueryErrorLanguage
} TSQueryError;

void ts_set_allocator(void *(*)(size_t), void *(*)(size_t, size_t), void *(*)(void *, size_t), void (*)(void *));
uint32_t ts_language_abi_version(const TSLanguage *);
TSParser *ts_parser_new(void);
void ts_parser_delete(TSParser *);
bool ts_parser_set_language(TSParser *, const TSLanguage *);
TSTree *ts_parser_parse_with_options(TSParser *, const TSTree *, TSInput, TSParseOptions);
void ts_parser_reset(TSParser *);
void ts_tree_delete(TSTree *);
TSNode ts_tree_root_node(const TSTree *);
uint32_t ts_node_start_byte(TSNode);
uint32_t ts_node_end_byte(TSNode);
TSQuery *ts_query_new(const TSLanguage *, const char *, uint32_t, uint32_t *, TSQueryError *);
void ts_query_delete(TSQuery *);
uint32_t ts_query_pattern_count(const TSQuery *);
uint32_t ts_query_capture_count(const TSQuery *);
uint32_t ts_query_string_count(const TSQuery *);
uint32_t ts_query_start_byte_for_pattern(const TSQuery *, uint32_t);
const TSQueryPredicateStep *ts_query_predicates_for_pattern(const TSQuery *, uint32_t, uint32_t *);
const char *ts_query_capture_name_for_id(const TSQuery *, uint32_t, uint32_t *);
int ts_query_capture_quantifier_for_id(const TSQuery *, uint32_t, uint32_t); // an enumeration; 0: not in the pattern
const char *ts_query_string_value_for_id(const TSQuery *, uint32_t, uint32_t *);
TSQueryCursor *ts_query_cursor_new(void);
void ts_query_cursor_delete(TSQueryCursor *);
void ts_query_cursor_exec_with_options(TSQueryCursor *, const TSQuery *, TSNode, const TSQueryCursorOptions *);
bool ts_query_cursor_next_match(TSQueryCursor *, TSQueryMatch *);
bool ts_query_cursor_did_exceed_match_limit(const TSQueryCursor *);
void ts_query_cursor_set_match_limit(TSQueryCursor *, uint32_t);

// A query and, for each of its strings, the predicate that it names (SLUICE_OP_*),
// so that no predicate is recognised by its name in the inner loop. It does not
// change once made; any number of scanners may use it at once.
typedef struct {
  TSQuery *query;
  uint8_t *ops;
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
  uint64_t bytes; // of memory
} sluice_limit;

// A heap and what was found last. One thread at a time.
typedef struct {
  sluice_heap *heap;
  sluice_match *matches;
  sluice_span *spans;
  uint32_t match_count, match_capacity;
  uint32_t span_count, span_capacity;
  uint64_t steps, most_steps; // taken by this scan
  uint64_t tree_bytes, most_bytes;
  const uint32_t *stop; // set by another thread: give up
  int answer;
} sluice_scanner;

// What a scan answers.
enum { SLUICE_OK, SLUICE_NO_LANGUAGE, SLUICE_NO_TREE, SLUICE_TOO_MANY, SLUICE_NO_MEMORY, SLUICE_TOO_COSTLY, SLUICE_STOPPED };

sluice_query *sluice_query_new(const TSLanguage *, const char *, uint32_t, uint32_t *, TSQueryError *);
void sluice_query_delete(sluice_query *);
sluice_scanner *sluice_scanner_new(bool arena);
void sluice_scanner_delete(sluice_scanner *);
int sluice_scan(sluice_scanner *, const TSLanguage *, const sluice_query *, const char *, uint32_t, sluice_limit, const uint32_t *stop);

#endif
