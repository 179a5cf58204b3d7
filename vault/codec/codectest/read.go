package codectest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"phivault/vault"
)

// Result is all that a codec or an input gave.
type Result struct {
	Items    []vault.Item
	Refusals []*vault.Refusal
	Err      error // the last thing given, when it is no refusal
}

// Read collects everything and checks what every codec owes: nothing comes with
// an error, nothing follows one that is no refusal, a refusal names its input
// and a reason.
func Read(seq iter.Seq2[vault.Item, error]) (r Result, err error) {
	for it, e := range seq {
		var ref *vault.Refusal
		switch {
		case r.Err != nil:
			return r, fmt.Errorf("something follows the error %v", r.Err)
		case e == nil:
			if it.Resource.Type == "" || len(it.Resource.JSON) == 0 {
				return r, errors.New("an item has no resource")
			}
			r.Items = append(r.Items, it)
			continue
		case errors.As(e, &ref):
			if ref.Input == "" || ref.Reason == "" {
				return r, fmt.Errorf("a refusal lacks its input or its reason: %+v", *ref)
			}
			r.Refusals = append(r.Refusals, ref)
		default:
			r.Err = e
		}
		if it.Input != "" || it.Place != "" || it.FullURL != "" || it.Resource.JSON != nil || it.Resource.Type != "" {
			return r, fmt.Errorf("an item comes with an error: %v", e)
		}
	}
	return r, nil
}

// Whole gives a resource's bytes as they came in, attachments put back.
func Whole(blobs vault.Blobs, r *vault.Resource) ([]byte, error) {
	var b bytes.Buffer
	err := vault.WriteResource(context.Background(), &b, blobs, r)
	return b.Bytes(), err
}

// Summary writes a result so that it can be compared: one line for each item
// and each refusal.
func (r Result) Summary(w io.Writer, blobs vault.Blobs) error {
	for i := range r.Items {
		it := &r.Items[i]
		whole, err := Whole(blobs, &it.Resource)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "item %s|%s|%s %d cuts %s\n", it.Place, it.FullURL, it.Resource.Type, len(it.Resource.Cuts), whole)
	}
	for _, ref := range r.Refusals {
		fmt.Fprintf(w, "refused %s\n", ref)
	}
	if r.Err != nil {
		fmt.Fprintf(w, "error %v\n", r.Err)
	}
	return nil
}
