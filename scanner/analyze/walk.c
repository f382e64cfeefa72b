#include "walk.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "layout.h"

// Hidden nodes within hidden nodes deeper than this are not looked into where a
// node is weighed: it passes.
#define HIDDEN_DEPTH 48

// A text longer than this is not searched for strings: it passes.
#define SEARCHED_BYTES 512

// How many nodes are passed between two calls of tick.
#define NODES_PER_TICK 4096

// children is a position among the children of a node, hidden ones included.
typedef struct {
  const ts_subtree *next, *end;
  const uint16_t *aliases; // of the children that are not extra, or NULL
  uint32_t at;             // where the next child's padding starts
  bool first;              // the first child's padding is its parent's
} children;

// place is one child where it stands in the text.
typedef struct {
  const ts_subtree *slot;
  uint32_t start, end;
  uint16_t symbol, alias; // symbol as the interface tells it
  bool visible;
} place;

static inline children children_of(const TSLanguage *language, const ts_subtree *slot, uint32_t start) {
  if (slot->leaf.is_inline || slot->node->child_count == 0) return (children){0};
  const struct ts_node_data *node = slot->node;
  const ts_subtree *end = (const ts_subtree *)node;
  const uint16_t *aliases =
    node->production_id ? language->alias_sequences + (size_t)node->production_id * language->max_alias_sequence_length : NULL;
  return (children){end - node->child_count, end, aliases, start, true};
}

static inline uint16_t public_symbol(const TSLanguage *language, uint16_t symbol) {
  return symbol < language->symbol_count + language->alias_count ? language->public_symbol_map[symbol] : symbol;
}

// next_child takes one step; the caller has seen that there is a next child.
static inline place next_child(const TSLanguage *language, children *self) {
  place child = {.slot = self->next++};
  ts_subtree tree = *child.slot;
  uint16_t symbol;
  uint32_t padding;
  bool extra;
  if (tree.leaf.is_inline) {
    padding = tree.leaf.padding_bytes;
    child.end = tree.leaf.size_bytes;
    symbol = tree.leaf.symbol;
    extra = tree.leaf.extra;
    child.visible = tree.leaf.visible;
  } else {
    padding = tree.node->padding.bytes;
    child.end = tree.node->size.bytes;
    symbol = tree.node->symbol;
    extra = tree.node->extra;
    child.visible = tree.node->visible;
  }
  child.start = self->at + (self->first ? 0 : padding);
  child.end += child.start;
  self->at = child.end;
  self->first = false;
  if (self->aliases && !extra) child.alias = *self->aliases++;
  if (child.alias) {
    symbol = child.alias;
    child.visible = true;
  }
  child.symbol = public_symbol(language, symbol);
  return child;
}

// skip_leaves passes small leaves, most of the nodes of a tree.
static inline void skip_leaves(children *self) {
  for (; self->next != self->end && self->next->leaf.is_inline; self->next++) {
    self->at += (self->first ? 0u : self->next->leaf.padding_bytes) + self->next->leaf.size_bytes;
    self->first = false;
    if (self->aliases && !self->next->leaf.extra) self->aliases++;
  }
}

// look is what the functions below share.
typedef struct {
  const sluice_plan *plan;
  const TSLanguage *language;
  const char *source;
} look;

static inline uint8_t lower(uint8_t c) { return c >= 'A' && c <= 'Z' ? c | 0x20 : c; }

static bool starts(const char *text, const char *with, uint32_t length) {
  for (uint32_t i = 0; i < length; i++) {
    if (lower((uint8_t)text[i]) != (uint8_t)with[i]) return false;
  }
  return true;
}

// holds looks for one of the strings in a text. Beyond ASCII there are letters
// that a regular expression takes for ASCII ones, so such a text passes.
static bool holds(const sluice_plan *plan, const sluice_test *test, const char *text, uint32_t length) {
  if (length > SEARCHED_BYTES) return true;
  for (uint32_t at = 0; at < length; at++) {
    if ((uint8_t)text[at] >= 0x80) return true;
    uint8_t first = lower((uint8_t)text[at]);
    for (uint32_t i = 0; i < test->strings; i++) {
      const sluice_string *string = &plan->strings[test->string + i];
      const char *wanted = plan->text + string->start;
      if ((uint8_t)*wanted == first && string->length <= length - at && starts(text + at, wanted, string->length)) return true;
    }
  }
  return false;
}

static bool passes(const sluice_plan *plan, const sluice_test *test, const char *text, uint32_t length) {
  if (test->op == SLUICE_TEST_HOLDS) return holds(plan, test, text, length);
  for (uint32_t i = 0; i < test->strings; i++) {
    const sluice_string *string = &plan->strings[test->string + i];
    if (string->length == length && memcmp(plan->text + string->start, text, length) == 0) return true;
  }
  return false;
}

static bool meets(const look *self, const sluice_need *need, const place *node);

// has tells whether a child of the node, through hidden ones, meets a clause.
static bool has(const look *self, const sluice_clause *clause, const ts_subtree *slot, uint32_t start, unsigned depth) {
  if (depth > HIDDEN_DEPTH) return true;
  for (children all = children_of(self->language, slot, start); all.next != all.end;) {
    place child = next_child(self->language, &all);
    if (!child.visible) {
      if (!child.slot->leaf.is_inline && has(self, clause, child.slot, child.start, depth + 1)) return true;
      continue;
    }
    for (uint32_t i = 0; i < clause->needs; i++) {
      if (meets(self, &self->plan->needs[clause->need + i], &child)) return true;
    }
  }
  return false;
}

static bool meets(const look *self, const sluice_need *need, const place *node) {
  if (need->symbol && need->symbol != node->symbol) return false;
  for (uint32_t i = 0; i < need->tests; i++) {
    if (!passes(self->plan, &self->plan->tests[need->test + i], self->source + node->start, node->end - node->start)) return false;
  }
  for (uint32_t i = 0; i < need->clauses; i++) {
    if (!has(self, &self->plan->clauses[need->clause + i], node->slot, node->start, 0)) return false;
  }
  return true;
}

static bool meets_one(const look *self, uint32_t first, uint32_t count, const place *node) {
  for (uint32_t i = 0; i < count; i++) {
    if (meets(self, &self->plan->needs[self->plan->list[first + i]], node)) return true;
  }
  return false;
}

uint32_t sluice_hash(const char *text, uint32_t length) {
  uint32_t hash = 2166136261u;
  for (uint32_t i = 0; i < length; i++) hash = (hash ^ (uint8_t)text[i]) * 16777619u;
  return hash ^ hash >> 15;
}

static const sluice_slot *find(const sluice_plan *plan, const sluice_key *key, const char *text, uint32_t length) {
  if (length >= 64 || !(key->lengths >> length & 1)) return NULL;
  uint32_t hash = sluice_hash(text, length);
  for (uint32_t i = hash;; i++) {
    const sluice_slot *slot = &plan->slots[key->slot + (i & (key->slots - 1u))];
    if (slot->string.length == 0) return NULL;
    if (slot->hash == hash && slot->string.length == length && memcmp(plan->text + slot->string.start, text, length) == 0) return slot;
  }
}

// opens weighs the needs that the text at the end of a key's path leads to.
static bool opens(const look *self, const sluice_key *key, const place *root, const place *end) {
  const sluice_slot *found = find(self->plan, key, self->source + end->start, end->end - end->start);
  return found && meets_one(self, found->need, found->needs, root);
}

// unlocks follows a key's path below a node.
static bool unlocks(const look *self, const sluice_key *key, const place *root, const ts_subtree *slot, uint32_t start,
                    unsigned level, unsigned depth) {
  if (depth > HIDDEN_DEPTH) return true;
  for (children all = children_of(self->language, slot, start); all.next != all.end;) {
    place child = next_child(self->language, &all);
    if (!child.visible) {
      if (!child.slot->leaf.is_inline && unlocks(self, key, root, child.slot, child.start, level, depth + 1)) return true;
      continue;
    }
    if (child.symbol != key->path[level]) continue;
    if (level + 1u < key->depth) {
      if (unlocks(self, key, root, child.slot, child.start, level + 1, depth)) return true;
      continue;
    }
    if (opens(self, key, root, &child)) return true;
  }
  return false;
}

static bool may_match(const look *self, const sluice_root *root, const place *node) {
  for (uint32_t i = 0; i < root->keys; i++) {
    const sluice_key *key = &self->plan->keys[root->key + i];
    if (key->depth == 0 ? opens(self, key, node, node) : unlocks(self, key, node, node->slot, node->start, 0, 0)) return true;
  }
  return meets_one(self, root->need, root->needs, node);
}

// stack holds the children still to be visited at each depth. It is on the heap
// of the scan, for trees are as deep as a text makes them.
typedef struct {
  children *levels;
  uint32_t depth, capacity;
} stack;

static void push(stack *self, children level) {
  if (level.next == level.end) return;
  if (self->depth == self->capacity) {
    self->capacity = self->capacity ? self->capacity * 2 : 64;
    self->levels = sluice_realloc(self->levels, self->capacity * sizeof *self->levels);
  }
  self->levels[self->depth++] = level;
}

// next_place yields nodes in the order of the text, parents first, hidden ones
// included. The core's query looks for nothing below a visible node that ends
// where the text begins; no more does this. Without leaves, small ones are left
// out.
static inline bool next_place(const TSLanguage *language, stack *self, bool leaves, place *found) {
  while (self->depth > 0) {
    children *level = &self->levels[self->depth - 1];
    if (!leaves) skip_leaves(level);
    if (level->next == level->end) {
      self->depth--;
      continue;
    }
    *found = next_child(language, level);
    if (!found->slot->leaf.is_inline && (found->end > 0 || !found->visible)) {
      push(self, children_of(language, found->slot, found->start));
    }
    return true;
  }
  return false;
}

static place root_place(const TSLanguage *language, TSNode root) {
  const ts_subtree *slot = root.id;
  uint16_t symbol = slot->leaf.is_inline ? slot->leaf.symbol : slot->node->symbol;
  return (place){
    .slot = slot, .start = ts_node_start_byte(root), .end = ts_node_end_byte(root), .symbol = public_symbol(language, symbol), .visible = true,
  };
}

// node_at makes a node for the interface. Its row is made up: the query asks
// only whether a node with text ends where the text begins, and it does not.
static TSNode node_at(const TSTree *tree, const place *found) {
  return (TSNode){{found->start, 1, 0, found->alias}, found->slot, tree};
}

void sluice_plan_delete(sluice_plan *self) {
  if (!self) return;
  free(self->needs);
  free(self->clauses);
  free(self->tests);
  free(self->strings);
  free(self->keys);
  free(self->slots);
  free(self->roots);
  free(self->list);
  free(self->text);
  free(self->root_of);
  free(self);
}

void sluice_walk(const sluice_plan *plan, const TSLanguage *language, const TSTree *tree, const char *source, sluice_visitor visitor) {
  look self = {plan, language, source};
  TSNode root = ts_tree_root_node(tree);
  place at = root_place(language, root);
  stack open = {0};
  push(&open, children_of(language, at.slot, at.start));
  uint32_t passed = 0;
  do {
    if (++passed % NODES_PER_TICK == 0 && !visitor.tick(visitor.payload)) break;
    if (!at.visible || at.symbol >= plan->symbols) continue;
    uint16_t number = plan->root_of[at.symbol];
    if (number == 0 || !may_match(&self, &plan->roots[number - 1], &at)) continue;
    if (!visitor.visit(visitor.payload, at.slot == root.id ? root : node_at(tree, &at))) break;
  } while (next_place(language, &open, plan->leaves, &at));
  sluice_free(open.levels);
}

// same tells whether the interface sees a node as the walk does.
static bool same(TSNode node, const place *found) {
  return node.id == found->slot && ts_node_start_byte(node) == found->start && ts_node_end_byte(node) == found->end &&
         ts_node_symbol(node) == found->symbol && node.context[3] == found->alias;
}

// next_node takes the interface's cursor to the next node, parents first.
static bool next_node(TSTreeCursor *cursor) {
  if (ts_tree_cursor_goto_first_child(cursor)) return true;
  while (!ts_tree_cursor_goto_next_sibling(cursor)) {
    if (!ts_tree_cursor_goto_parent(cursor)) return false;
  }
  return true;
}

// plausible is a first look at the root alone, before any pointer is followed
// that a wrong layout would lead astray.
static bool plausible(const TSLanguage *language, TSNode root) {
  const ts_subtree *slot = root.id;
  return slot && !slot->leaf.is_inline && language->symbol_count + language->alias_count == ts_language_symbol_count(language) &&
         slot->node->size.bytes == ts_node_end_byte(root) - ts_node_start_byte(root) &&
         public_symbol(language, slot->node->symbol) == ts_node_symbol(root) &&
         (slot->node->child_count == 0 || slot->node->visible_child_count == ts_node_child_count(root));
}

static bool agrees(const TSLanguage *language, TSNode root) {
  if (!plausible(language, root)) return false;
  TSTreeCursor cursor = ts_tree_cursor_new(root);
  place at = root_place(language, root);
  stack open = {0};
  push(&open, children_of(language, at.slot, at.start));
  bool agree = same(root, &at), more = true;
  while (agree && more) {
    do {
      more = next_place(language, &open, true, &at);
    } while (more && !at.visible);
    agree = next_node(&cursor) == more && (!more || same(ts_tree_cursor_current_node(&cursor), &at));
  }
  ts_tree_cursor_delete(&cursor);
  sluice_free(open.levels);
  return agree;
}

bool sluice_layout_agrees(const TSLanguage *language, const char *source, uint32_t length) {
  TSParser *parser = ts_parser_new();
  TSTree *tree = ts_parser_set_language(parser, language) ? ts_parser_parse_string(parser, NULL, source, length) : NULL;
  bool agree = tree && agrees(language, ts_tree_root_node(tree));
  ts_tree_delete(tree);
  ts_parser_delete(parser);
  return agree;
}
