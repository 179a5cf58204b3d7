package keyfile

import "testing"

func BenchmarkDerive(b *testing.B) {
	for _, p := range []Params{DefaultParams(), FIPSParams(), {Profile: Default, Memory: 64 << 10, Time: 3, Threads: 4}} {
		b.Run(p.String(), func(b *testing.B) {
			pass, salt := phrase("correct horse battery staple"), make([]byte, saltSize)
			for b.Loop() {
				derive(p, pass, salt).Destroy()
			}
		})
	}
}

// BenchmarkOpen is everything but the derivation.
func BenchmarkOpen(b *testing.B) {
	file := quickFile(b, newBundle(b), "right", nil, DefaultParams())
	pass := phrase("right")
	for b.Loop() {
		got, err := openWith(file, pass, nil, new(counter).derive)
		if err != nil {
			b.Fatal(err)
		}
		got.Destroy()
	}
}
