// Package doctest reads the manual as a test: it finds the commands that a
// Markdown page shows together with what they print, so that the test of the
// command line can run them and compare.
//
// A fenced block whose language is console is a transcript:
//
//	```console
//	$ sluice config validate broken.yaml
//	broken.yaml:3:5: unknown knob "cpu.worker"; did you mean "cpu.workers"?
//	...
//	```
//
// A line that starts with "$ " is a command, the lines up to the next one are
// its output. A line "..." stands for any lines, none included, and "..."
// within a line for any characters, so that figures which differ from machine
// to machine may be left out. Only commands that start with sluice or
// bin/sluice are returned; what is to be read but not run belongs in a block of
// another language, such as sh or text.
//
// The package runs nothing itself.
package doctest

import "strings"

// Block is one command that a page shows, with the output it promises.
type Block struct {
	Line    int    // line of the command in the page, from 1
	Command string // the command without its prompt, continuation lines joined: "sluice scan --format json ."
	Output  string // the promised output, each line ended by "\n"; empty when none is shown
}

// Blocks returns the sluice commands of every console block of a Markdown
// page, in the order of the page. A block that is never closed ends with the
// page, as in Markdown.
func Blocks(md []byte) []Block {
	var blocks []Block
	var transcript []line
	flush := func() {
		blocks = append(blocks, commands(transcript)...)
		transcript = nil
	}
	for l := range lines(md) {
		switch {
		case l.lang == "console" && !l.fence:
			transcript = append(transcript, l)
		case l.fence:
			flush()
		}
	}
	flush()
	return blocks
}

// commands cuts a transcript at its prompts and keeps what sluice was asked.
func commands(transcript []line) []Block {
	var blocks []Block
	for i := 0; i < len(transcript); {
		command, prompt := strings.CutPrefix(transcript[i].text, "$ ")
		if !prompt {
			i++ // output of nothing: a remark above the first prompt
			continue
		}
		block := Block{Line: transcript[i].number}
		for i++; strings.HasSuffix(command, `\`) && i < len(transcript); i++ {
			command = strings.TrimSpace(strings.TrimSuffix(command, `\`)) + " " + strings.TrimSpace(transcript[i].text)
		}
		block.Command = strings.TrimSpace(command)
		var output strings.Builder
		for ; i < len(transcript) && !strings.HasPrefix(transcript[i].text, "$ "); i++ {
			output.WriteString(transcript[i].text + "\n")
		}
		block.Output = output.String()
		if isSluice(block.Command) {
			blocks = append(blocks, block)
		}
	}
	return blocks
}

func isSluice(command string) bool {
	program, _, _ := strings.Cut(command, " ")
	return program == "sluice" || program == "bin/sluice"
}
