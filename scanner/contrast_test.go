package scanner_test

import (
	"testing"
	"testing/fstest"

	"sluice/scanner"
	"sluice/scanner/config"
	"sluice/scanner/contrast"
	"sluice/scanner/finding"
	"sluice/scanner/pipeline"
)

func TestAnAnalyserOfOnesOwnTakesTheEnginesPlaceAndFindsNothing(t *testing.T) {
	files := fstest.MapFS{
		"a.go":     {Data: []byte("package a\n\nfunc f() { g() }\n")},
		"wrong.go": {Data: []byte("package {")},
		"a.py":     {Data: []byte("token = '" + key + "'\n")},
	}
	for _, test := range []struct {
		name    string
		of      func() pipeline.Analyser
		scanned int64
		skipped int64
	}{
		{"go-ast", contrast.GoAST, 2, 1},
		{"lines", contrast.Lines, 3, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			result, err := scanner.Scan(t.Context(), scanner.Options{Config: config.Default(2), FS: files, Analyser: test.of})
			if err != nil {
				t.Fatal(err)
			}
			stats := result.Stats
			if stats.Scanned != test.scanned || stats.Skipped[contrast.SkipNotGo] != test.skipped || len(stats.Failed) > 0 {
				t.Errorf("%d scanned, %v skipped, %v failed; want %d and %d, and none failed", stats.Scanned, stats.Skipped, stats.Failed, test.scanned, test.skipped)
			}
			if stats.FindingsDigest != finding.Digest(nil) {
				t.Errorf("digest %s, want that of no findings", stats.FindingsDigest)
			}
		})
	}
}

func TestAnEngineAndAnAnalyserExcludeEachOther(t *testing.T) {
	o := scanner.Options{Config: config.Default(1), FS: fstest.MapFS{}, Engine: engine(t), Analyser: contrast.Lines}
	if _, err := scanner.Scan(t.Context(), o); err == nil {
		t.Error("a scan with both an engine and an analyser ran")
	}
}
