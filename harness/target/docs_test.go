package target

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// fenced is a block of a page: its language and what stands in it.
var fenced = regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$")

func TestTheManualsTargetsAreRead(t *testing.T) {
	page, err := os.ReadFile("../../docs/targets.md")
	if err != nil {
		t.Fatal(err)
	}
	files, lines := 0, 0
	var texts []string
	for _, block := range fenced.FindAllStringSubmatch(string(page), -1) {
		switch lang, text := block[1], block[2]; {
		case lang == "yaml" && strings.Contains(text, "command:"):
			files++
			if _, err := ParseCommand("target.yaml", []byte(text)); err != nil {
				t.Errorf("%v\nin\n%s", err, text)
			}
		case lang == "sh" && strings.Contains(text, " -- "):
			lines++
			_, command, _ := strings.Cut(strings.TrimSpace(text), " -- ")
			if _, err := ParseLine(strings.Fields(strings.ReplaceAll(command, "'", "")), 2); err != nil {
				t.Errorf("%v\nin %s", err, command)
			}
		case lang == "text":
			texts = append(texts, text)
		}
	}
	if files < 2 || lines < 2 || len(texts) != 2 {
		t.Fatalf("found %d target files, %d lines and %d texts", files, lines, len(texts))
	}
	_, err = ParseCommand("target.yaml", []byte(texts[0]))
	if err == nil || err.Error() != strings.TrimSpace(texts[1]) {
		t.Errorf("the manual's wrong file is refused with\n%v\nthe manual says\n%s", err, texts[1])
	}
}
