package reports_test

import (
	"net/url"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"sluice/reports"
	"sluice/reports/reportstest"
	"sluice/reports/view"
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
	Title    string `json:"title"`
	Heading  string `json:"heading"`
	Images   int    `json:"images"`
	Broken   int    `json:"broken"`
	Overflow int    `json:"overflow"` // pixels by which the page is wider than its window
	Requests int    `json:"requests"` // for anything that does not come with the page
}

const look = `(() => {
	const images = [...document.images]
	return {
		title: document.title,
		heading: document.querySelector("h1").innerText,
		images: images.length + document.querySelectorAll("figure svg").length,
		broken: images.filter(i => !(i.complete && i.naturalWidth > 0)).length,
		overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
		requests: performance.getEntriesByType("resource").filter(r => !r.name.startsWith("data:") && !r.name.startsWith("file:")).length,
	}
})()`

func TestPagesStandInABrowserOnDesktopAndPhone(t *testing.T) {
	tune, contest := t.TempDir(), t.TempDir()
	if _, err := reports.Write(tune, reportstest.Tune(1)); err != nil {
		t.Fatal(err)
	}
	limiters := reportstest.Contest(1)
	limiters.Plants = limiters.Plants[:2]
	if _, err := reports.WriteContest(contest, limiters, view.Asked{Command: "sluice limiters"}); err != nil {
		t.Fatal(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(browser(t)), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.UserDataDir(t.TempDir()))
	allocator, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	defer cancel()
	ctx, cancel := chromedp.NewContext(allocator)
	defer cancel()
	for _, dir := range []string{tune, contest} {
		page := url.URL{Scheme: "file", Path: filepath.Join(dir, "index.html")}
		for _, width := range []int64{1280, 390} {
			if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, 900), chromedp.Navigate(page.String())); err != nil {
				t.Fatal(err)
			}
			got, err := chromedp.Run(ctx, chromedp.Evaluate[seen](look))
			if err != nil {
				t.Fatal(err)
			}
			if got.Title == "" || got.Heading == "" || got.Images == 0 {
				t.Errorf("at %d pixels the page shows %+v; want a title, a heading and pictures", width, got)
			}
			if got.Broken != 0 || got.Overflow > 0 || got.Requests != 0 {
				t.Errorf("at %d pixels the page shows %+v; want no broken picture, no sideways scrolling, no request", width, got)
			}
		}
	}
}
