package document_test

import (
	"testing"

	"phivault/vault/codec/codectest"
	"phivault/vault/codec/document"
)

func TestConformance(t *testing.T) {
	codectest.Run(t, codec(t, document.Options{}), []codectest.Golden{
		{Name: "in/note.txt", In: "Dear", Want: `item ||DocumentReference 0 cuts {"resourceType":"DocumentReference","status":"current","content":[{"attachment":{"contentType":"text/plain",` +
			`"data":"RGVhcg==","size":4,"hash":"Uu6SpwK6IIdgAWzQPd9QayYomh4=","title":"note.txt"}}],"id":"doc-37ceae1ccfc429abc1dc773eadfd8e467a339720"}` + "\n"},
		{Name: "in/note.jsonl", In: "Dear", Want: `item ||DocumentReference 0 cuts {"resourceType":"DocumentReference","status":"current","content":[{"attachment":{"contentType":"text/plain",` +
			`"data":"RGVhcg==","size":4,"hash":"Uu6SpwK6IIdgAWzQPd9QayYomh4=","title":"note.jsonl"}}],"id":"doc-37ceae1ccfc429abc1dc773eadfd8e467a339720"}` + "\n"},
		{Name: "x", In: "\x00Canary7", Canary: "Canary7", Want: "refused x: it is no PDF, image or text that is known here\n"},
	})
}
