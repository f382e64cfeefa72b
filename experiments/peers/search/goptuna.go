package main

import (
	"fmt"
	"math"
	"strconv"

	"github.com/c-bata/goptuna"
	"github.com/c-bata/goptuna/tpe"
)

// goptunaStudy runs a study of goptuna: one launch a trial, the highest
// measurement recommended. Its whole numbers have no logarithmic scale, so such a
// knob is a float on a logarithmic scale that is rounded; and its random sampler never
// draws the highest of whole numbers, so other whole numbers are floats in steps of 1.
func goptunaStudy(c *course, sampler goptuna.Sampler) (err error) {
	// It panics where a Parzen estimator goes wrong; the search is then lost, not
	// the contest.
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("goptuna panics: %v", fault)
		}
	}()
	offered, err := knobs(c.problem.Space(), false)
	if err != nil {
		return err
	}
	study, err := goptuna.CreateStudy("search", goptuna.StudyOptionSampler(sampler), goptuna.StudyOptionDirection(goptuna.StudyDirectionMaximize),
		goptuna.StudyOptionLogger(nil))
	if err != nil {
		return err
	}
	var seen bestSeen
	objective := func(t goptuna.Trial) (float64, error) {
		answer, err := goptunaAnswer(t, offered)
		if err != nil {
			return 0, err
		}
		config, err := decode(c.problem.Reference(), offered, answer)
		if err != nil {
			return 0, err
		}
		return seen.try(c, config)
	}
	if err := study.Optimize(objective, c.launches); err != nil {
		return err
	}
	return sameBest(study, &seen)
}

// sameBest makes sure that the study's best trial is the one recommended here.
func sameBest(study *goptuna.Study, seen *bestSeen) error {
	best, err := study.GetBestValue()
	if err != nil {
		return err
	}
	if ours := math.Exp(seen.trials[seen.best].shown); best != ours {
		return fmt.Errorf("the study holds %v for its best value, we %v", best, ours)
	}
	return nil
}

func goptunaAnswer(t goptuna.Trial, offered []knob) ([]float64, error) {
	answer := make([]float64, len(offered))
	for i, k := range offered {
		var err error
		if answer[i], err = goptunaSuggest(t, k); err != nil {
			return nil, fmt.Errorf("knob %q: %w", k.Name, err)
		}
	}
	return answer, nil
}

func goptunaSuggest(t goptuna.Trial, k knob) (float64, error) {
	switch {
	case k.Kind == choiceKnob:
		names := make([]string, k.Count)
		for i := range names {
			names[i] = strconv.Itoa(i)
		}
		name, err := t.SuggestCategorical(k.Name, names)
		if err != nil {
			return 0, err
		}
		return strconv.ParseFloat(name, 64)
	case k.Log && k.Kind == wholeKnob:
		v, err := t.SuggestLogFloat(k.Name, k.Low, k.High)
		return math.Round(v), err
	case k.Log:
		return t.SuggestLogFloat(k.Name, k.Low, k.High)
	case k.Kind == wholeKnob:
		return t.SuggestDiscreteFloat(k.Name, k.Low, k.High, 1)
	default:
		return t.SuggestFloat(k.Name, k.Low, k.High)
	}
}

func goptunaTPE(c *course) error {
	return goptunaStudy(c, tpe.NewSampler(tpe.SamplerOptionSeed(int64(c.seed))))
}

func goptunaRandom(c *course) error {
	return goptunaStudy(c, goptuna.NewRandomSampler(goptuna.RandomSamplerOptionSeed(int64(c.seed))))
}
