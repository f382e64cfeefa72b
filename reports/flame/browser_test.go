package flame_test

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"sluice/reports/flame"
)

// browser returns a headless browser, or ends the test where there is none; make
// test installs one, or says which package is missing.
func browser(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "headless-shell"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("no browser here: make test installs chromium, or run apt-get install chromium")
	return ""
}

// seen is what a reader's browser made of the page.
type seen struct {
	Frames   int    `json:"frames"`
	Colours  int    `json:"colours"`  // of frames, as they are painted
	Overflow int    `json:"overflow"` // pixels by which the page is wider than its window
	Requests int    `json:"requests"`
	Found    string `json:"found"` // what a search for "parse" says
	Zoomed   string `json:"zoomed"`
}

const look = `(() => {
	const frames = [...document.querySelectorAll("#graph .frame")]
	const colours = new Set(frames.map(f => getComputedStyle(f.querySelector("rect")).fill))
	document.getElementById("term").value = "PARSE"
	document.getElementById("search").requestSubmit()
	const found = document.getElementById("detail").textContent
	document.getElementById("reset").click()
	const parse = frames.find(f => f.getAttribute("name") === "parse")
	parse.dispatchEvent(new MouseEvent("mouseover", {bubbles: true}))
	return {
		frames: frames.length, colours: colours.size, found, zoomed: document.getElementById("detail").textContent,
		overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
		requests: performance.getEntriesByType("resource").filter(r => !r.name.startsWith("data:") && !r.name.startsWith("file:")).length,
	}
})()`

// settled is true once every frame is painted as wide as it is: drawing moves.
const settled = `[...document.querySelectorAll("#graph .frame")].every(f =>
	Math.abs(f.querySelector("rect").getBoundingClientRect().width - f.getAttribute("width")) < 2)`

func TestFlameGraphsAreDrawnInABrowser(t *testing.T) {
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(browser(t)), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.UserDataDir(t.TempDir()))
	allocator, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	defer cancel()
	ctx, cancel := chromedp.NewContext(allocator)
	defer cancel()
	for _, test := range []struct {
		name   string
		page   flame.Page
		add    func(*flame.Graph)
		zoomed string
	}{
		{
			"one profile",
			flame.Page{Title: "one", Kind: "processor time", Unit: "nanoseconds", PerFile: true},
			func(g *flame.Graph) {
				g.Add("read", []string{"load", "open"}, 3e6, 0)
				g.Add("analyse", []string{"sluice/scanner/analyze.work", "parse"}, 9e6, 0)
			},
			"parse · pool analyse: 75.0 %, 9 ms a file",
		},
		{
			"a difference",
			flame.Page{Title: "two", Kind: "bytes allocated", Unit: "bytes", Base: "a", Changed: "b"},
			func(g *flame.Graph) {
				g.Add("", []string{"load", "open"}, 0, 250)
				g.Add("", []string{"work", "parse"}, 500, 250)
				g.Add("", []string{"work", "query"}, 500, 500)
			},
			"parse: 250 B (25.0 %) in a, 500 B (50.0 %) in b; +250 B",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "flame.html")
			if err := os.WriteFile(path, []byte(page(t, test.page, test.add)), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, width := range []int64{1280, 390} {
				at := url.URL{Scheme: "file", Path: path}
				if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, 900), chromedp.Navigate(at.String())); err != nil {
					t.Fatal(err)
				}
				if _, err := chromedp.Run(ctx, chromedp.Poll[bool](settled)); err != nil {
					t.Fatalf("at %d pixels frames are never as wide as they should be: %v", width, err)
				}
				got, err := chromedp.Run(ctx, chromedp.Evaluate[seen](look))
				if err != nil {
					t.Fatal(err)
				}
				if got.Frames < 5 || got.Colours < 3 || got.Overflow > 0 || got.Requests != 0 {
					t.Errorf("at %d pixels the page shows %+v; want frames of several colours, no sideways scrolling, no request", width, got)
				}
				if got.Zoomed != test.zoomed {
					t.Errorf("at %d pixels a frame says %q, want %q", width, got.Zoomed, test.zoomed)
				}
				if got.Found == "" || got.Found == "No frame is called so." {
					t.Errorf("at %d pixels a search says %q, want the share that was found", width, got.Found)
				}
			}
		})
	}
}
