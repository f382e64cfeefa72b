package flame_test

import (
	"bytes"
	"strings"
	"testing"

	"sluice/reports/flame"
)

func page(t *testing.T, p flame.Page, add func(*flame.Graph)) string {
	t.Helper()
	var g flame.Graph
	add(&g)
	var b bytes.Buffer
	if err := g.Write(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestAPageTellsItsPoolsAndItsCaption(t *testing.T) {
	html := page(t, flame.Page{Title: "p", Kind: "processor time", Unit: "nanoseconds", Caption: []string{"Unattributable: 0.1 %."}}, func(g *flame.Graph) {
		g.Add("read", []string{"a", "b"}, 30, 0)
		g.Add("read", []string{"a", "c"}, 45, 0)
		g.Add("somebody", []string{"a"}, 25, 0)
	})
	for _, want := range []string{
		"read <span>75.0 %", `class="pool-other"></i>somebody <span>25.0 %`, "Unattributable: 0.1 %.", `"name":"pool read","pool":"read","value":75`,
		"default-src 'none'", "<title>p · processor time · sluice</title>",
	} {
		if !strings.Contains(html, want) {
			t.Errorf("the page does not hold %q", want)
		}
	}
	if strings.Contains(html, "flame graph of a difference") {
		t.Error("a single profile is called a difference")
	}
}

func TestNamesCannotBreakOutOfThePage(t *testing.T) {
	const evil = `</script><script>alert(1)</script>`
	html := page(t, flame.Page{Title: evil, Kind: evil, Unit: "bytes", Caption: []string{evil}, Base: evil, Changed: evil}, func(g *flame.Graph) {
		g.Add(evil, []string{evil}, 1, 1)
	})
	if strings.Contains(html, evil) {
		t.Error("a name stands in the page as markup")
	}
}

func TestFramesThatCannotBeSeenAreLeftOut(t *testing.T) {
	html := page(t, flame.Page{Unit: "bytes"}, func(g *flame.Graph) {
		g.Add("read", []string{"wide"}, 1e6, 0)
		g.Add("read", []string{"thin"}, 1, 0)
	})
	if !strings.Contains(html, `"wide"`) || strings.Contains(html, `"thin"`) {
		t.Error("want the wide frame and not the one of a millionth")
	}
}

func TestAGraphWithoutStacksIsAnError(t *testing.T) {
	var g flame.Graph
	if err := g.Write(&bytes.Buffer{}, flame.Page{Title: "empty"}); err == nil || !strings.Contains(err.Error(), "no sample") {
		t.Errorf("error is %v, want that there is no sample", err)
	}
}

func TestEqualProfilesHaveEqualPages(t *testing.T) {
	of := func(order ...string) string {
		return page(t, flame.Page{Unit: "bytes"}, func(g *flame.Graph) {
			for _, name := range order {
				g.Add("read", []string{name}, 1, 0)
			}
		})
	}
	if of("a", "b", "c") != of("c", "a", "b") {
		t.Error("the page depends on the order in which stacks come")
	}
}
