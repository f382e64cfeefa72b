package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"sluice/harness/lab"
	"sluice/harness/record"
	"sluice/scanner/config"
)

// cmpOr returns the first word that is not empty.
func cmpOr(words ...string) string {
	for _, word := range words {
		if word != "" {
			return word
		}
	}
	return ""
}

// configuration resolves a name: a preset, or a file. With optional, a file that
// is not there is the default preset.
func configuration(name string, optional bool, cores int) (config.File, error) {
	if !looksLikeFile(name) {
		cfg, err := config.FromPreset(name, cores)
		if err != nil {
			return config.File{}, usagef("%w; a file is named with a path or an extension, as in ./%s.yaml", err, name)
		}
		return config.File{Path: name, Config: cfg}, nil
	}
	data, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) && optional {
		return config.File{Config: config.Default(cores)}, nil
	}
	if err != nil {
		return config.File{}, usagef("configuration: %w (presets are %s)", err, strings.Join(presetNames(), ", "))
	}
	file, err := config.Parse(name, data, cores)
	if err != nil {
		return config.File{}, &usageError{err}
	}
	return file, nil
}

func looksLikeFile(name string) bool {
	return strings.ContainsRune(name, filepath.Separator) || filepath.Ext(name) != ""
}

func presetNames() []string {
	var names []string
	for _, p := range config.Presets() {
		names = append(names, p.Name)
	}
	return names
}

// arm resolves a preset or file to an arm of a measurement.
func arm(name string, cores int) (lab.Arm, error) {
	a, _, err := armAndBase(name, cores)
	return a, err
}

// armAndBase is arm with the configuration as it was given: what is auto there
// follows the knobs that a search changes.
func armAndBase(name string, cores int) (lab.Arm, config.Config, error) {
	file, err := configuration(name, false, cores)
	if err != nil {
		return lab.Arm{}, config.Config{}, err
	}
	cfg := file.Config.Resolve(cores)
	if err := cfg.Validate(); err != nil {
		return lab.Arm{}, config.Config{}, usagef("%s: %w", name, err)
	}
	return lab.Arm{Name: armName(name), Config: cfg.Flat()}, file.Config, nil
}

// armName is what a configuration is called in tables: the preset, or the file
// without its folder.
func armName(name string) string { return filepath.Base(name) }

// referenceArm is --reference, else sluice.yaml, else the default preset: the arm,
// the configuration as given, and its name for people.
func referenceArm(name string, cores int) (lab.Arm, config.Config, string, error) {
	if name == "" {
		name = "default"
		if _, err := os.Stat("sluice.yaml"); err == nil {
			name = "sluice.yaml"
		}
	}
	a, base, err := armAndBase(name, cores)
	return a, base, armName(name), err
}

// completed fills a partial configuration with a base's values, refuses what is
// contradictory, and returns it flat with auto resolved.
func completed(base config.Config, partial record.Flat, cores int) (record.Flat, error) {
	cfg, err := base.WithFlat(partial)
	if err != nil {
		return nil, err
	}
	cfg = cfg.Resolve(cores)
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", partial, err)
	}
	return cfg.Flat(), nil
}
