package config_test

import (
	"fmt"

	"sluice/scanner/config"
)

func ExampleParse() {
	_, err := config.Parse("sluice.yaml", []byte(`version: 1
scanner:
  cpu: {worker: 12}
  io: {workers: four, limiter: vega}
`), 2)
	fmt.Println(err)
	// Output:
	// sluice.yaml:3:9: unknown knob "cpu.worker"; did you mean "cpu.workers"?
	// sluice.yaml:4:17: io.workers: found text "four", expected a whole number from 1 to 4096
	// sluice.yaml:4:32: io.limiter: found "vega", expected none, static, aimd, vegas, gradient2, window, arc, load, bdp or occupancy; did you mean "vegas"?
}

func ExampleConfig_Set() {
	c, err := config.Default(2).Set("channel.linger=5ms")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.Channel.Linger, c.Flat()["channel.linger"])
	// Output: 5ms 0.005
}

func ExampleConfig_Limits() {
	c, err := config.Default(2).Set("io.limiter={algorithm: vegas, max: 32}")
	if err != nil {
		fmt.Println(err)
		return
	}
	io, cpu, _ := c.Limits()
	fmt.Printf("reads start at %d, within %d and %d, by %s latency\n", io.Initial, io.Min, io.Max, io.Latency)
	fmt.Printf("analyses: %s, %d at once\n", cpu.Algorithm, cpu.Max)
	// Output:
	// reads start at 32, within 1 and 32, by raw latency
	// analyses: none, 2 at once
}
