//go:build !race

package plant

const raced = false
