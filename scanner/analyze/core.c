#include "core.h"

#include <stdlib.h>
#include <string.h>

// Matches in progress at one time; tree-sitter drops matches silently beyond
// it, so the scan fails instead. Our patterns stay below 100 on any file seen.
#define MATCHES_IN_PROGRESS 65536

// A scanner gives back buffers larger than this after a scan, in entries: one
// strange file must not hold memory for the rest of the run.
#define KEPT_ENTRIES 65536

static uint8_t op_named(const char *name, uint32_t length) {
  static const struct { const char *name; uint8_t op; } ops[] = {
    {"eq?", SLUICE_OP_EQ},
    {"not-eq?", SLUICE_OP_NOT_EQ},
    {"any-of?", SLUICE_OP_ANY_OF},
    {"not-any-of?", SLUICE_OP_NOT_ANY_OF},
  };
  for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
    if (strlen(ops[i].name) == length && memcmp(ops[i].name, name, length) == 0) return ops[i].op;
  }
  return SLUICE_OP_OTHER;
}

sluice_query *sluice_query_new(const TSLanguage *language, const char *source, uint32_t length,
                               uint32_t *error_offset, TSQueryError *error_type) {
  TSQuery *query = ts_query_new(language, source, length, error_offset, error_type);
  if (!query) return NULL;
  uint32_t strings = ts_query_string_count(query);
  sluice_query *self = calloc(1, sizeof *self);
  uint8_t *ops = calloc(strings + 1, 1);
  if (!self || !ops) {
    free(self);
    free(ops);
    ts_query_delete(query);
    return NULL;
  }
  for (uint32_t i = 0; i < strings; i++) {
    uint32_t name_length;
    const char *name = ts_query_string_value_for_id(query, i, &name_length);
    ops[i] = op_named(name, name_length);
  }
  self->query = query;
  self->ops = ops;
  return self;
}

void sluice_query_delete(sluice_query *self) {
  if (!self) return;
  ts_query_delete(self->query);
  if (self->rest) ts_query_delete(self->rest);
  sluice_plan_delete(self->plan);
  free(self->planned);
  free(self->ops);
  free(self);
}

void sluice_query_follow(sluice_query *self, sluice_plan *plan, bool *planned, TSQuery *rest) {
  self->plan = plan;
  self->planned = planned;
  self->rest = rest;
}

sluice_scanner *sluice_scanner_new(bool arena) {
  sluice_scanner *self = calloc(1, sizeof *self);
  if (!self) return NULL;
  self->heap = sluice_heap_new(arena);
  if (self->heap) return self;
  free(self);
  return NULL;
}

void sluice_scanner_delete(sluice_scanner *self) {
  if (!self) return;
  sluice_heap_delete(self->heap);
  free(self->matches);
  free(self->spans);
  free(self);
}

// any_equal tells whether a node's text is one of the strings of a predicate.
static bool any_equal(const TSQuery *query, const TSQueryPredicateStep *values, uint32_t count,
                      const char *text, uint32_t length) {
  for (uint32_t i = 0; i < count; i++) {
    uint32_t value_length;
    const char *value = ts_query_string_value_for_id(query, values[i].value_id, &value_length);
    if (value_length == length && memcmp(value, text, length) == 0) return true;
  }
  return false;
}

// satisfies evaluates one predicate (its steps without the closing one). Every
// node of the capture must agree; a capture without a node agrees, as in
// tree-sitter's own bindings. Other predicates are left to Go, which has
// checked the shape of all of them when the query was made.
static bool satisfies(const sluice_query *self, const TSQueryPredicateStep *steps, uint32_t count,
                      const TSQueryMatch *match, const char *source) {
  uint8_t op = self->ops[steps[0].value_id];
  if (op == SLUICE_OP_OTHER) return true;
  bool wanted = op == SLUICE_OP_EQ || op == SLUICE_OP_ANY_OF;
  for (uint16_t i = 0; i < match->capture_count; i++) {
    const TSQueryCapture *capture = &match->captures[i];
    if (capture->index != steps[1].value_id) continue;
    uint32_t start = ts_node_start_byte(capture->node), end = ts_node_end_byte(capture->node);
    if (any_equal(self->query, steps + 2, count - 2, source + start, end - start) != wanted) return false;
  }
  return true;
}

static bool satisfies_all(const sluice_query *self, const TSQueryMatch *match, const char *source) {
  uint32_t count;
  const TSQueryPredicateStep *steps = ts_query_predicates_for_pattern(self->query, match->pattern_index, &count);
  for (uint32_t first = 0, i = 0; i < count; i++) {
    if (steps[i].type != TSStepDone) continue;
    if (!satisfies(self, steps + first, i - first, match, source)) return false;
    first = i + 1;
  }
  return true;
}

// grow makes room for `more` further entries and returns the buffer, or NULL
// with the old one intact.
static void *grow(void *buffer, uint32_t used, uint32_t more, uint32_t *capacity, size_t size) {
  if (more <= *capacity - used) return buffer;
  uint32_t wanted = *capacity ? *capacity : 64;
  while (wanted - used < more) wanted *= 2;
  void *larger = realloc(buffer, wanted * size);
  if (larger) *capacity = wanted;
  return larger;
}

// keep copies a match out of the cursor, whose memory the next match reuses.
static bool keep(sluice_scanner *self, const TSQueryMatch *match) {
  sluice_match *matches = grow(self->matches, self->match_count, 1, &self->match_capacity, sizeof *matches);
  if (!matches) return false;
  self->matches = matches;
  // One more than needed, so that a match without captures asks for room too.
  sluice_span *spans = grow(self->spans, self->span_count, match->capture_count + 1u, &self->span_capacity, sizeof *spans);
  if (!spans) return false;
  self->spans = spans;

  matches[self->match_count++] = (sluice_match){match->pattern_index, self->span_count, match->capture_count};
  for (uint16_t i = 0; i < match->capture_count; i++) {
    TSNode node = match->captures[i].node;
    spans[self->span_count++] = (sluice_span){
      match->captures[i].index, ts_node_start_byte(node), ts_node_end_byte(node),
    };
  }
  return true;
}

static void forget(sluice_scanner *self) {
  self->match_count = self->span_count = 0;
  if (self->match_capacity > KEPT_ENTRIES) {
    free(self->matches);
    self->matches = NULL;
    self->match_capacity = 0;
  }
  if (self->span_capacity > KEPT_ENTRIES) {
    free(self->spans);
    self->spans = NULL;
    self->span_capacity = 0;
  }
}

// is_spent is what the core asks after every hundred of its operations: whether
// the scan has been stopped or has had its fill of steps or memory.
static bool is_spent(sluice_scanner *self) {
  if (self->stop && __atomic_load_n(self->stop, __ATOMIC_RELAXED)) self->answer = SLUICE_STOPPED;
  if (++self->steps > self->most_steps || self->heap->asked > self->most_asked) self->answer = SLUICE_TOO_COSTLY;
  return self->answer != SLUICE_OK;
}

static bool parse_is_spent(TSParseState *state) { return is_spent(state->payload); }
static bool query_is_spent(TSQueryCursorState *state) { return is_spent(state->payload); }

// text is a source as the parser reads it: in place, whatever remains at once.
typedef struct {
  const char *bytes;
  uint32_t length;
} text;

static const char *read_text(void *payload, uint32_t at, TSPoint position, uint32_t *bytes_read) {
  const text *self = payload;
  (void)position;
  if (at >= self->length) {
    *bytes_read = 0;
    return "";
  }
  *bytes_read = self->length - at;
  return self->bytes + at;
}

static TSTree *parse(sluice_scanner *self, TSParser *parser, const TSLanguage *language, text *input) {
  if (!ts_parser_set_language(parser, language)) {
    self->answer = SLUICE_NO_LANGUAGE;
    return NULL;
  }
  TSTree *tree = ts_parser_parse_with_options(parser, NULL, (TSInput){input, read_text, 0, NULL},
                                              (TSParseOptions){self, parse_is_spent});
  if (!tree && self->answer == SLUICE_OK) self->answer = SLUICE_NO_TREE;
  return tree;
}

// search is one run of the query over a tree.
typedef struct {
  sluice_scanner *scanner;
  const sluice_query *query;
  const char *source;
  TSQueryCursor *cursor;
} search;

// run keeps the matches of a query below a node, or only those of planned
// patterns.
static void run(search *self, const TSQuery *query, TSNode node, const bool *planned) {
  sluice_scanner *scanner = self->scanner;
  TSQueryCursorOptions options = {scanner, query_is_spent};
  ts_query_cursor_exec_with_options(self->cursor, query, node, &options);
  TSQueryMatch match;
  while (ts_query_cursor_next_match(self->cursor, &match)) {
    if (planned && !planned[match.pattern_index]) continue;
    if (satisfies_all(self->query, &match, self->source) && !keep(scanner, &match)) scanner->answer = SLUICE_NO_MEMORY;
  }
  if (scanner->answer == SLUICE_OK && ts_query_cursor_did_exceed_match_limit(self->cursor)) scanner->answer = SLUICE_TOO_MANY;
}

static bool visit(void *payload, TSNode node) {
  search *self = payload;
  run(self, self->query->query, node, self->query->planned);
  return !is_spent(self->scanner);
}

static bool tick(void *payload) { return !is_spent(((search *)payload)->scanner); }

static void collect(sluice_scanner *scanner, const TSLanguage *language, const sluice_query *query, const TSTree *tree, const char *source) {
  search self = {scanner, query, source, ts_query_cursor_new()};
  ts_query_cursor_set_match_limit(self.cursor, MATCHES_IN_PROGRESS);
  if (query->plan) {
    ts_query_cursor_set_max_start_depth(self.cursor, 0);
    sluice_walk(query->plan, language, tree, source, (sluice_visitor){&self, visit, tick});
    ts_query_cursor_set_max_start_depth(self.cursor, UINT32_MAX);
  }
  const TSQuery *plain = query->plan ? query->rest : query->query;
  if (plain && scanner->answer == SLUICE_OK) run(&self, plain, ts_tree_root_node(tree), NULL);
  ts_query_cursor_delete(self.cursor);
}

// sluice_scan parses source and keeps the matches of a query, or only parses
// where the query is NULL. The text is read in place and not kept.
//
// Parser and cursor are made for each scan, since all that they hold is in the
// heap; that takes a microsecond or two. They are taken down in order, for the
// external scanners of grammars, which have memory of their own. The tree lies
// in the arena with all its nodes and is let go with it.
int sluice_scan(sluice_scanner *self, const TSLanguage *language, const sluice_query *query,
                const char *source, uint32_t length, sluice_limit limit, const uint32_t *stop) {
  forget(self);
  self->answer = SLUICE_OK;
  self->steps = 0;
  self->most_steps = limit.steps;
  self->most_asked = limit.asked;
  self->stop = stop;
  sluice_heap_enter(self->heap);
  TSParser *parser = ts_parser_new();
  text input = {source, length};
  TSTree *tree = parse(self, parser, language, &input);
  if (tree && query) collect(self, language, query, tree, source);
  ts_parser_delete(parser);
  self->tree_bytes = sluice_heap_peak(self->heap);
  self->asked = self->heap->asked;
  if (self->heap->spilled) ts_tree_delete(tree);
  sluice_heap_leave(self->heap);
  return self->answer;
}
