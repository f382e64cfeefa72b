package storage_test

import (
	"fmt"
	"io/fs"
	"testing/fstest"
	"time"

	"sluice/workloads/storage"
)

func ExampleNew() {
	base := fstest.MapFS{"a.go": &fstest.MapFile{Data: []byte("package a")}}
	profile, err := storage.Lookup("nfs", 2)
	if err != nil {
		fmt.Println(err)
		return
	}
	slow := storage.New(base, profile, 1, 0) // seed 1, block 0
	defer slow.Close()

	text, err := fs.ReadFile(slow, "a.go")
	fmt.Printf("%s, %v\n", text, err)
	fmt.Println(slow.Achieved().Opens, "open, asked for", profile.Latency(1, 0, "a.go").Round(time.Millisecond))
	// Output:
	// package a, <nil>
	// 1 open, asked for 3ms
}
