// Package nearest finds the valid name that a mistyped one was probably meant
// to be, for error messages that help.
package nearest

// Name returns the entry of among with the smallest edit distance to word, the
// earlier one on a tie, or "" when nothing is near: more than a third of the
// word's letters (at least 2) would have to change.
func Name(word string, among []string) string {
	best, least := "", max(2, len(word)/3)+1
	for _, name := range among {
		if d := distance(word, name); d < least {
			best, least = name, d
		}
	}
	return best
}

// distance is Levenshtein's, over bytes: insertions, deletions, substitutions.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			substitute := diagonal
			if a[i] != b[j] {
				substitute++
			}
			diagonal = row[j+1]
			row[j+1] = min(substitute, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
