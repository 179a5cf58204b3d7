package tui

import "phivault/tui/widget"

// trouble explains in plain words what is wrong with the selected remote.
func (s *syncing) trouble(w int) (out []string) {
	r, ok := s.remote()
	round := s.d.round(r)
	t := s.d.theme
	if !ok {
		return nil
	}
	if round.Trouble == TroubleNone {
		return []string{"", t.Faint.Render(widget.Fit("  "+widget.Clean(r.Address), w))}
	}
	out = append(out, "")
	for i, l := range widget.Wrap(widget.Clean(r.Name)+": "+troubleTexts[round.Trouble], w-6) {
		mark := "    "
		if i == 0 {
			mark = "  ! "
		}
		out = append(out, t.Error.Render(widget.Fit(mark+l, w)))
	}
	words := widget.Clean(round.Words)
	if words == "" {
		words = "so it was at the last sync"
	}
	for _, l := range wrapped([]string{"(" + words + ")"}, "    ", "    ", w) {
		out = append(out, t.Faint.Render(widget.Fit(l, w)))
	}
	return out
}

var troubleNames = map[Trouble]string{TroubleNone: "ok", TroubleOffline: "! does not answer", TroubleRefused: "! refuses", TroubleOther: "! not done",
	TroubleRestored: "! nothing is sent", TroubleEnded: "! nothing is sent", TroubleRemoved: "! removed", TroubleUntrusted: "! not who it was", TroubleUnreadable: "! gives damage", TroubleGone: "! went back",
	TroubleFork: "! two histories", TroubleForged: "! forges"}

var troubleTexts = map[Trouble]string{
	TroubleOffline:    "it does not answer. Nothing is lost: what waits is sent when it does.",
	TroubleRefused:    "it answers and refuses. Its credential may have been changed or taken away, or it is full.",
	TroubleOther:      "that was not done.",
	TroubleRestored:   "this copy of the vault is older than what this device had sent. It can be read; it sends nothing. The command “phivault device replace” makes it a device of its own, and nothing is lost.",
	TroubleEnded:      "the keys of this device were replaced with “phivault rekey”, and not here. What is here can be read; nothing is sent. Use the vault with the new keys, or join anew. If nobody did that, somebody else has this device’s keys: have an owner take out the device that came of it.",
	TroubleRemoved:    "this device was removed from the vault. What is here can be read; nothing is exchanged any more. What was changed here since its last sync is here alone: export it, and import it on a device of the vault.",
	TroubleUntrusted:  "what answers there did not prove to be the place that was set up. Nothing was sent. If nobody renewed its certificate, somebody may be in between.",
	TroubleUnreadable: "it gave something that does not open: damaged, swapped, or not whole yet, as in a cloud folder that still copies. Nothing here was changed. Sync again later; if it stays so, use another remote.",
	TroubleGone:       "it lost what was there before, or was put back to an older state. Your records are whole on this device; nothing here was changed and nothing was sent there. Ask who runs it. If the loss had to be, forget the remote and add it anew: that puts back what is missing.",
	TroubleFork:       "one of your devices has two histories, or another says so. Its log stops here, the others go on. An owner decides which device to cut off.",
	TroubleForged:     "it gave something that no device of this vault may have written. Nothing here was changed. Do not trust it any more.",
}
