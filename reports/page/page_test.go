package page

import (
	"regexp"
	"strings"
	"testing"

	"sluice/harness/record"
	"sluice/reports/plots"
	"sluice/reports/reportstest"
	"sluice/reports/view"
)

func render(t *testing.T, rep record.Report) string {
	t.Helper()
	var charts [][]plots.Chart
	for _, outcome := range rep.Outcomes {
		charts = append(charts, plots.For(rep.Run, outcome))
	}
	page, err := Render(view.New(rep), charts)
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

func renderContest(t *testing.T, c record.Contest) string {
	t.Helper()
	g := Gallery{Ranking: plots.Ranking(c)}
	for i, slug := range view.PlantSlugs(c) {
		g.Plants = append(g.Plants, plots.Limits(c, i, slug, ""))
	}
	page, err := Contest(view.NewContest(c, view.Asked{Command: "sluice limiters"}), g)
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// pages are all kinds of pages.
func pages(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{
		"contest":         renderContest(t, reportstest.Contest(1)),
		"hostile contest": renderContest(t, reportstest.PoisonContest(reportstest.Contest(1))),
		"empty contest":   renderContest(t, record.Contest{}),
	}
	for name, rep := range kinds() {
		all[name] = render(t, rep)
	}
	return all
}

func kinds() map[string]record.Report {
	return map[string]record.Report{
		"tune": reportstest.Tune(1), "grid": reportstest.Grid(1), "compare": reportstest.Compare(1), "target": reportstest.Target(1), "front": reportstest.Front(1),
		"hostile": reportstest.Poison(reportstest.Tune(1)), "hostile grid": reportstest.Poison(reportstest.Grid(1)),
		"hostile front": reportstest.Poison(reportstest.Front(1)), "hostile target": reportstest.Poison(reportstest.Target(1)),
	}
}

func TestNoRequestLeavesThePage(t *testing.T) {
	tags := regexp.MustCompile(`<[a-z][^>]*>`)
	attributes := regexp.MustCompile(`\s([a-zA-Z:-]+)="([^"]*)"`)
	leaving := map[string]bool{
		"src": true, "srcset": true, "href": true, "xlink:href": true, "action": true, "formaction": true, "data": true,
		"poster": true, "background": true, "ping": true, "manifest": true, "style": true,
	}
	for name, page := range pages(t) {
		for _, tag := range tags.FindAllString(page, -1) {
			for _, attribute := range attributes.FindAllStringSubmatch(tag, -1) {
				key, to := attribute[1], attribute[2]
				switch {
				case !leaving[key] || key == "href" && (strings.HasPrefix(to, "#") || to == "data:,"):
				case key == "style" && !strings.ContainsAny(to, "@/\\"):
				default:
					t.Fatalf("%s: a reference out of the page: %.200s", name, tag)
				}
			}
		}
		style := page[strings.Index(page, "<style>"):strings.Index(page, "</style>")]
		for _, way := range []string{"url(", "@import", "://", "image-set"} {
			if strings.Contains(style, way) {
				t.Errorf("%s: the style sheet holds %q", name, way)
			}
		}
		if !strings.Contains(page, `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:;`) {
			t.Errorf("%s: no policy forbids requests", name)
		}
	}
}

func TestEveryForeignTextIsEscaped(t *testing.T) {
	for name, page := range pages(t) {
		for _, markup := range []string{"<script", "alert(1)</", "\x1b", "\u202e", "javascript:", " onload="} {
			if strings.Contains(page, markup) {
				t.Errorf("%s: %q stands in the page", name, markup)
			}
		}
		if hostile := strings.HasPrefix(name, "hostile"); hostile && strings.Count(page, "&lt;script") < 30 {
			t.Errorf("%s: the payload shows only %d times: the test has lost its teeth", name, strings.Count(page, "&lt;script"))
		}
	}
}

func TestAConfigurationValueCannotBecomeMarkup(t *testing.T) {
	rep := reportstest.Tune(1)
	rec := rep.Outcomes[1].Recommendation
	rec.Recommended.Config["cpu.pin"] = "<script>alert(1)</script>"
	page := render(t, rep)
	if strings.Contains(page, "<script") || !strings.Contains(page, "cpu.pin=&lt;script&gt;alert(1)&lt;/script&gt;") {
		t.Error("the value of cpu.pin is not shown escaped")
	}
}

func TestTagsAreBalanced(t *testing.T) {
	tags := regexp.MustCompile(`<(/?)([a-z][a-z0-9]*)[^>]*?(/?)>`)
	void := map[string]bool{"meta": true, "link": true}
	for name, page := range pages(t) {
		var open []string
		for _, tag := range tags.FindAllStringSubmatch(page, -1) {
			switch {
			case void[tag[2]] || tag[3] == "/":
			case tag[1] == "":
				open = append(open, tag[2])
			case len(open) == 0 || open[len(open)-1] != tag[2]:
				t.Fatalf("%s: </%s> closes %v", name, tag[2], open)
			default:
				open = open[:len(open)-1]
			}
		}
		if len(open) > 0 {
			t.Errorf("%s: never closed: %v", name, open)
		}
	}
}

func TestThePageAnswersBeforeItShows(t *testing.T) {
	page := render(t, reportstest.Tune(1))
	order := []string{"gives 6.70", "<figure>", "What it gives", "Machine and run", "Repeat it"}
	last := -1
	for _, words := range order {
		at := strings.Index(page, words)
		if at <= last {
			t.Errorf("%q stands at %d, want it after %d", words, at, last)
		}
		last = at
	}
}
