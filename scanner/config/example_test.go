package config_test

import (
	"fmt"

	"sluice/scanner/config"
)

func ExampleParse() {
	_, err := config.Parse("sluice.yaml", []byte(`version: 1
scanner:
  cpu: {worker: 12}
  io: {workers: four, limiter: vegas}
`), 2)
	fmt.Println(err)
	// Output:
	// sluice.yaml:3:9: unknown knob "cpu.worker"; did you mean "cpu.workers"?
	// sluice.yaml:4:17: io.workers: found text "four", expected a whole number from 1 to 4096
	// sluice.yaml:4:32: io.limiter vegas is not built yet; use none
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
