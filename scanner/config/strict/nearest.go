package strict

import "strings"

// Nearest is the name among those given that the misspelt one most likely meant,
// or "" when none is near: at most a third of its letters may be wrong, missing,
// extra or swapped with a neighbour (optimal string alignment distance), case
// aside. A last part given without its path counts as near if only one
// name ends so: "buffer" is "channel.buffer". Ties go to the earlier name.
func Nearest(name string, among []string) string {
	best, least := "", max(1, len([]rune(name))/3)+1
	for _, candidate := range among {
		if d := distance(strings.ToLower(name), strings.ToLower(candidate), least); d < least {
			best, least = candidate, d
		}
	}
	if best != "" {
		return best
	}
	return tail(name, among)
}

// tail is the only name whose last part equals that of the name given.
func tail(name string, among []string) string {
	last := name[strings.LastIndexByte(name, '.')+1:]
	found := ""
	for _, candidate := range among {
		if !strings.HasSuffix(candidate, "."+last) {
			continue
		}
		if found != "" {
			return ""
		}
		found = candidate
	}
	return found
}

// distance is the optimal string alignment distance of a and b in characters, or
// limit if it is that or more: names far apart in length cost nothing.
func distance(a, b string, limit int) int {
	s, t := []rune(a), []rune(b)
	if len(s)-len(t) >= limit || len(t)-len(s) >= limit {
		return limit
	}
	before, last, row := make([]int, len(t)+1), make([]int, len(t)+1), make([]int, len(t)+1)
	for j := range last {
		last[j] = j
	}
	for i := range s {
		row[0] = i + 1
		for j := range t {
			cost := 1
			if s[i] == t[j] {
				cost = 0
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+cost)
			if i > 0 && j > 0 && s[i] == t[j-1] && s[i-1] == t[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return min(last[len(t)], limit)
}
