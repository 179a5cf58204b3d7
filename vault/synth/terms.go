package synth

// Terms are words to search for, for benchmarks and tests.
type Terms struct {
	// Identifier is the patient's record number, as plain text in the Patient
	// and in the identifiers of the Encounters: one word that no other patient
	// of the same seed has.
	Identifier string
	// Rare is a word that occurs in one record of this patient only: inside
	// the base64 text of the first note. No other patient has it.
	Rare string
	// Family is the patient's family name; many patients share it.
	Family string
}

// CommonTerms are words that occur in many records of most patients.
func CommonTerms() []string {
	return []string{"glucose", "hypertension", "pressure", "metformin", "hemoglobin", "prescribed", "influenza", "review"}
}

// Prefixes are the beginnings of common and of uncommon words, three letters
// or longer.
func Prefixes() []string {
	return []string{"hyp", "met", "gluc", "chol", "lisin", "immun", "osteoa", "escher"}
}

// Terms returns the words of patient i.
func (g *Generator) Terms(i int) Terms {
	var l life
	l.live(g, i)
	return Terms{Identifier: g.recordNumber(i), Rare: g.rareWord(i), Family: l.name.family}
}

func (g *Generator) recordNumber(i int) string { return "mrn" + word(uint64(i)+mix(g.seed)) }
func (g *Generator) rareWord(i int) string     { return "zq" + word(uint64(i)+mix(g.seed)) }

// word spells the scrambled lower 40 bits of n: two numbers below 2^40 never
// get the same word, because multiplying by an odd number can be undone.
func word(n uint64) string {
	const letters = "bcdfghjklmnpqrstvwxz2345679aeiou"
	n = n * 0x9e3779b97f4a7c15 & (1<<40 - 1)
	n ^= n >> 20
	var b [8]byte
	for k := range b {
		b[k] = letters[n&31]
		n >>= 5
	}
	return string(b[:])
}
