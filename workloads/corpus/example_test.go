package corpus_test

import (
	"fmt"

	"sluice/workloads/corpus"
)

func ExampleCorpus_Sample() {
	var files []corpus.File
	for i := range 1000 {
		files = append(files, corpus.File{Path: fmt.Sprintf("f%03d.go", i), Size: int64(1000 + i)})
	}
	c := corpus.FromFiles("example", ".", files)
	fmt.Println(c.Disjoint(c.Bytes/10), "disjoint draws of a tenth")
	d := c.Sample(1, 0, c.Bytes/10)
	fmt.Printf("%d files, fidelity %.2f\n", len(d.Files), d.Fidelity)
	// Output:
	// 10 disjoint draws of a tenth
	// 100 files, fidelity 0.10
}
