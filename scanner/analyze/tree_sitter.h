// The part of tree-sitter's C interface that this package uses.
//
// The declarations are taken from tree_sitter/api.h of the core (MIT licence,
// github.com/tree-sitter/tree-sitter, language ABI 13 to 15), since a header of
// another Go module cannot be included. They must follow the version of
// github.com/tree-sitter/go-tree-sitter in go.mod.

#ifndef SLUICE_TREE_SITTER_H
#define SLUICE_TREE_SITTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct TSLanguage TSLanguage;
typedef struct TSParser TSParser;
typedef struct TSTree TSTree;
typedef struct TSQuery TSQuery;
typedef struct TSQueryCursor TSQueryCursor;

typedef struct { uint32_t context[4]; const void *id; const TSTree *tree; } TSNode;
typedef struct { const void *tree, *id; uint32_t context[3]; } TSTreeCursor;
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
uint32_t ts_language_symbol_count(const TSLanguage *);
uint16_t ts_language_symbol_for_name(const TSLanguage *, const char *, uint32_t, bool is_named); // 0: none
int ts_language_symbol_type(const TSLanguage *, uint16_t); // an enumeration; 0: named, 1: anonymous
TSParser *ts_parser_new(void);
void ts_parser_delete(TSParser *);
bool ts_parser_set_language(TSParser *, const TSLanguage *);
TSTree *ts_parser_parse_with_options(TSParser *, const TSTree *, TSInput, TSParseOptions);
TSTree *ts_parser_parse_string(TSParser *, const TSTree *, const char *, uint32_t);
void ts_tree_delete(TSTree *);
TSNode ts_tree_root_node(const TSTree *);
uint16_t ts_node_symbol(TSNode);
uint32_t ts_node_child_count(TSNode);
uint32_t ts_node_start_byte(TSNode);
uint32_t ts_node_end_byte(TSNode);
TSTreeCursor ts_tree_cursor_new(TSNode);
void ts_tree_cursor_delete(TSTreeCursor *);
TSNode ts_tree_cursor_current_node(const TSTreeCursor *);
bool ts_tree_cursor_goto_first_child(TSTreeCursor *);
bool ts_tree_cursor_goto_next_sibling(TSTreeCursor *);
bool ts_tree_cursor_goto_parent(TSTreeCursor *);
TSQuery *ts_query_new(const TSLanguage *, const char *, uint32_t, uint32_t *, TSQueryError *);
void ts_query_delete(TSQuery *);
uint32_t ts_query_pattern_count(const TSQuery *);
uint32_t ts_query_capture_count(const TSQuery *);
uint32_t ts_query_string_count(const TSQuery *);
uint32_t ts_query_start_byte_for_pattern(const TSQuery *, uint32_t);
uint32_t ts_query_end_byte_for_pattern(const TSQuery *, uint32_t);
bool ts_query_is_pattern_rooted(const TSQuery *, uint32_t);
void ts_query_disable_pattern(TSQuery *, uint32_t);
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
void ts_query_cursor_set_max_start_depth(TSQueryCursor *, uint32_t);

#endif
