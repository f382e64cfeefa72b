// Sluice finds the concurrency configuration that is best for this machine,
// storage and code base, and proves it. See README.md.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"sluice/harness/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	err := cli.Run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(cli.ExitCode(err))
}
