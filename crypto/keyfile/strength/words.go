package strength

import (
	"encoding/json"
	"sync"

	"github.com/ccojocar/zxcvbn-go/data"
)

// entry is a word's place in the list where it is most common.
type entry struct {
	rank int32
	list list
}

type list uint8

const (
	passphrases list = iota
	english
	names
)

type lexicon struct {
	words    map[string]entry
	longest  int             // bytes
	adjacent map[rune]string // QWERTY: neighbours of a key, shifted and not
	degree   float64         // neighbours per key
	keys     float64
}

// load decodes the word lists: some 40 ms, at most once.
var load = sync.OnceValue(func() lexicon {
	x := lexicon{words: make(map[string]entry, 1<<17), adjacent: make(map[rune]string)}
	for _, l := range []struct {
		asset string
		list  list
	}{
		{"data/Passwords.json", passphrases},
		{"data/English.json", english},
		{"data/MaleNames.json", names},
		{"data/FemaleNames.json", names},
		{"data/Surnames.json", names},
	} {
		var decoded struct{ List []string }
		asset(l.asset, &decoded)
		for i, w := range decoded.List {
			e, known := x.words[w]
			if !known || int32(i+1) < e.rank {
				x.words[w] = entry{int32(i + 1), l.list}
			}
			x.longest = max(x.longest, len(w))
		}
	}
	var keyboard struct{ Graph map[string][]string }
	asset("data/Qwerty.json", &keyboard)
	for key, neighbours := range keyboard.Graph {
		r := []rune(key)[0]
		for _, n := range neighbours {
			if n == "" {
				n = "\x00\x00" // keeps the place, which is the direction
			} else {
				x.degree++
			}
			x.adjacent[r] += n
		}
	}
	x.keys = float64(len(x.adjacent))
	x.degree /= x.keys
	return x
})

// asset decodes data compiled into the program: a failure is ours.
func asset(name string, into any) {
	if err := json.Unmarshal(data.MustAsset(name), into); err != nil {
		panic("strength: " + name + ": " + err.Error())
	}
}
