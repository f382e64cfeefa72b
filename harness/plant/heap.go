package plant

import "cmp"

// entry is something that is to happen to a request.
type entry[K cmp.Ordered] struct {
	key  K // when
	id   int32
	aux  uint32
	what what
}

// heap keeps entries by key, four children to a node, without allocating once it
// has grown.
type heap[K cmp.Ordered] struct{ entries []entry[K] }

func (h *heap[K]) len() int { return len(h.entries) }

func (h *heap[K]) top() *entry[K] { return &h.entries[0] }

func (h *heap[K]) push(e entry[K]) {
	h.entries = append(h.entries, e)
	i := len(h.entries) - 1
	for i > 0 {
		parent := (i - 1) / 4
		if h.entries[parent].key <= e.key {
			break
		}
		h.entries[i] = h.entries[parent]
		i = parent
	}
	h.entries[i] = e
}

func (h *heap[K]) pop() entry[K] {
	first := h.entries[0]
	end := len(h.entries) - 1
	last := h.entries[end]
	h.entries = h.entries[:end]
	if end > 0 {
		h.sink(last)
	}
	return first
}

// sink puts an entry in at the top and lets it find its place.
func (h *heap[K]) sink(e entry[K]) {
	i, n := 0, len(h.entries)
	for {
		child := 4*i + 1
		if child >= n {
			break
		}
		least := child
		for c := child + 1; c < min(child+4, n); c++ {
			if h.entries[c].key < h.entries[least].key {
				least = c
			}
		}
		if e.key <= h.entries[least].key {
			break
		}
		h.entries[i] = h.entries[least]
		i = least
	}
	h.entries[i] = e
}

// ring is a queue that does not allocate once it has grown.
type ring[T any] struct {
	items      []T // a power of two long
	head, size int
}

func (r *ring[T]) push(item T) {
	if r.size == len(r.items) {
		r.grow()
	}
	r.items[(r.head+r.size)&(len(r.items)-1)] = item
	r.size++
}

func (r *ring[T]) pop() T {
	item := r.items[r.head]
	r.head = (r.head + 1) & (len(r.items) - 1)
	r.size--
	return item
}

func (r *ring[T]) grow() {
	items := make([]T, max(64, 2*len(r.items)))
	for i := range r.size {
		items[i] = r.items[(r.head+i)&(len(r.items)-1)]
	}
	r.items, r.head = items, 0
}
