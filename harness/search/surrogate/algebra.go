package surrogate

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
)

// Matrices are lower triangles by rows. Dot products of rows are contiguous, so
// that a plain loop over them is as fast as a blocked routine at our sizes (150
// rows; BenchmarkCholesky).

// triangle is an n × n lower triangle of zeros in one piece of memory.
func triangle(n int) [][]float64 {
	cells, rows := make([]float64, n*(n+1)/2), make([][]float64, n)
	for i := range rows {
		rows[i], cells = cells[:i+1:i+1], cells[i+1:]
	}
	return rows
}

// decompose replaces a symmetric matrix by its Cholesky factor. Where it is not
// positive definite in floating point, its diagonal is raised until it is.
func decompose(a [][]float64) {
	largest := 0.0
	for i := range a {
		largest = max(largest, a[i][i])
	}
	before := triangle(len(a))
	for i := range a {
		copy(before[i], a[i])
	}
	for jitter := 1e-12 * largest; !factorise(a) && jitter < 1e6*largest; jitter *= 100 {
		for i := range a {
			copy(a[i], before[i])
			a[i][i] += jitter
		}
	}
}

// factorise is the algorithm of Cholesky and Banachiewicz, in place. It stops at a
// pivot that is not positive.
func factorise(a [][]float64) bool {
	for i, row := range a {
		for j := range i {
			row[j] = (row[j] - floats.Dot(row[:j], a[j][:j])) / a[j][j]
		}
		pivot := row[i] - floats.Dot(row[:i], row[:i])
		if !(pivot > 0) {
			return false
		}
		row[i] = math.Sqrt(pivot)
	}
	return true
}

// forward replaces b by L⁻¹·b.
func forward(factor [][]float64, b []float64) {
	for i, row := range factor {
		b[i] = (b[i] - floats.Dot(row[:i], b[:i])) / row[i]
	}
}

// solve returns (L·Lᵀ)⁻¹·b.
func solve(factor [][]float64, b []float64) []float64 {
	x := slices.Clone(b)
	forward(factor, x)
	for i := len(factor) - 1; i >= 0; i-- {
		x[i] /= factor[i][i]
		floats.AddScaled(x[:i], -x[i], factor[i][:i])
	}
	return x
}

// inverseColumns returns the columns of L⁻¹: column i from its row i on.
func inverseColumns(factor [][]float64) [][]float64 {
	n := len(factor)
	columns := make([][]float64, n)
	for i := range columns {
		column := make([]float64, n-i)
		column[0] = 1 / factor[i][i]
		for k := i + 1; k < n; k++ {
			column[k-i] = -floats.Dot(factor[k][i:k], column[:k-i]) / factor[k][k]
		}
		columns[i] = column
	}
	return columns
}

// median of the values, 0 of none.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}
