//go:build race

package plant

// raced says that the race detector is on, under which all plants take a minute.
const raced = true
