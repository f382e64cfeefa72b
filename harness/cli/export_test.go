package cli

// BeforeAnalysis sets what is called before each analysis.
func BeforeAnalysis(f func(path string)) { beforeAnalysis = f }
