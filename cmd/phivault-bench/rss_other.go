//go:build !linux

package main

// The resident size is told on Linux alone.
func markPeak()        {}
func peakMiB() float64 { return 0 }
