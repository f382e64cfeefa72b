// How the core lays out a tree in memory, and the part of a grammar's tables
// that says under which names its nodes appear. Both are taken from subtree.h
// and parser.h of the core (MIT licence, github.com/tree-sitter/tree-sitter),
// little-endian and 64 bits, and must follow the version of
// github.com/tree-sitter/go-tree-sitter in go.mod; sluice_layout_agrees checks
// them on real trees.

#ifndef SLUICE_LAYOUT_H
#define SLUICE_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
  uint32_t bytes, row, column;
} ts_length;

// A node: 63 bits that hold a small leaf, or a pointer, told by the lowest bit.
// Children lie just before their parent.
typedef union {
  struct {
    bool is_inline : 1, visible : 1, named : 1, extra : 1, has_changes : 1, is_missing : 1, is_keyword : 1;
    uint8_t symbol;
    uint16_t parse_state;
    uint8_t padding_columns, padding_rows_and_lookahead, padding_bytes, size_bytes;
  } leaf;
  const struct ts_node_data *node;
} ts_subtree;

struct ts_node_data {
  uint32_t reference_count;
  ts_length padding, size;
  uint32_t lookahead_bytes, error_cost, child_count;
  uint16_t symbol, parse_state;
  bool visible : 1, named : 1, extra : 1, fragile_left : 1, fragile_right : 1, has_changes : 1, has_external_tokens : 1,
    has_external_scanner_state_change : 1, depends_on_column : 1, is_missing : 1, is_keyword : 1;
  union {
    struct {
      uint32_t visible_child_count, named_child_count, visible_descendant_count;
      int32_t dynamic_precedence;
      uint16_t repeat_depth, production_id;
      uint16_t first_leaf[2];
    };
    struct {
      char external_scanner_state[24];
      uint32_t external_scanner_state_length;
    };
  };
};

// The first part of TSLanguage, the same in the interface versions 13 to 15.
struct TSLanguage {
  uint32_t abi_version, symbol_count, alias_count, token_count, external_token_count, state_count, large_state_count;
  uint32_t production_id_count, field_count;
  uint16_t max_alias_sequence_length;
  const void *parse_table, *small_parse_table, *small_parse_table_map, *parse_actions;
  const char *const *symbol_names, *const *field_names;
  const void *field_map_slices, *field_map_entries, *symbol_metadata;
  const uint16_t *public_symbol_map, *alias_map, *alias_sequences;
};

#endif
