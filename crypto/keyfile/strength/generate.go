package strength

import (
	"fmt"
	"math"

	"github.com/sethvargo/go-diceware/diceware"

	"phivault/crypto/secret"
)

// MinWords is the least that Generate makes: 77.5 bits.
const MinWords = 6

// Generate returns a passphrase of different random words from the EFF's large
// list, separated by spaces, and its entropy in bits. The words are drawn with
// crypto/rand. The caller owns the passphrase. Fewer than MinWords or more than
// 64 words are an error.
func Generate(words int) (passphrase *secret.Bytes, bits float64, err error) {
	if words < MinWords || words > 64 {
		return nil, 0, fmt.Errorf("strength: %d words, want %d to 64", words, MinWords)
	}
	drawn, err := diceware.Generate(words)
	if err != nil {
		return nil, 0, fmt.Errorf("strength: %w", err)
	}
	size := words - 1
	for i, w := range drawn {
		size += len(w)
		bits += math.Log2(float64(listSize - i)) // no word comes twice
	}
	passphrase = secret.New(size)
	b := passphrase.Bytes()[:0]
	for i, w := range drawn {
		if i > 0 {
			b = append(b, ' ')
		}
		b = append(b, w...)
	}
	return passphrase, bits, nil
}

// listSize is 6^5, the words of the EFF's large list.
const listSize = 7776
