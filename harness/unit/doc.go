// Package unit reads and writes quantities as people do: "512MiB", "20ms",
// "2%", "14.2 MB/s", and requirements such as "rss<512MiB".
//
// Inside the program every figure is in base units (bytes, seconds, bytes per
// second, shares of one) and names its unit; this package converts at the edge,
// once. It also keeps the one table of metrics: short and full names, unit, which
// way is better, and the smallest ratio that matters. Readers of text accept no
// guesses: what they do not understand they refuse, saying what was found, what
// is expected and, for a name, which known one is nearest.
package unit
