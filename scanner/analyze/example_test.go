package analyze_test

import (
	"fmt"
	"os"

	"sluice/scanner/analyze"
	"sluice/scanner/finding"
	"sluice/scanner/rules"
)

func Example() {
	pack, err := rules.Builtin()
	if err != nil {
		fmt.Println(err)
		return
	}
	engine, err := analyze.New(pack)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer engine.Close()
	worker := engine.Worker() // one for each goroutine
	defer worker.Close()

	report, err := worker.Analyze("web/show.js", []byte("const password = 'hunter2';\n\nelement.innerHTML = comment;\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := finding.WriteText(os.Stdout, report.Findings, false); err != nil {
		fmt.Println(err)
	}
	// Output:
	// web/show.js:3:1: warning: HTML put together at run time runs whatever script it contains; set textContent, or sanitize the HTML first. [js-inner-html, CWE-79]
	//     element.innerHTML = comment;
}
