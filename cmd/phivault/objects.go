package main

import (
	"context"
	"encoding/hex"
	"time"

	"phivault/vault"
)

// The objects of --json. Scripts rely on them: within a version fields are only
// ever added, none removed or retyped. Every one begins with its schema.

type codeObject struct {
	System  string `json:"system"`
	Code    string `json:"code"`
	Display string `json:"display"`
}

// recordObject is phivault.record.v1.
type recordObject struct {
	Schema      string     `json:"schema"`
	ID          string     `json:"id"`
	Type        string     `json:"type"`
	FHIRID      string     `json:"fhir_id"`
	Source      string     `json:"source"`
	Patient     string     `json:"patient"`
	PatientName string     `json:"patient_name"`
	Date        string     `json:"date"`
	Title       string     `json:"title"`
	Status      string     `json:"status"`
	Code        codeObject `json:"code"`
	Value       string     `json:"value"`
	Unit        string     `json:"unit"`
	Flag        string     `json:"flag"`
	Version     int        `json:"version"`
	Conflict    bool       `json:"conflict"`
	Deleted     bool       `json:"deleted"`
}

// hitObject is a record with what a search adds.
type hitObject struct {
	recordObject
	Snippet string `json:"snippet"`
	Rank    int    `json:"rank"`
}

func newRecordObject(ctx context.Context, v *vault.Vault, r *vault.Row) recordObject {
	o := recordObject{Schema: "phivault.record.v1", ID: r.ID.String(), Type: r.Type, FHIRID: r.FHIRID,
		Source: r.Source, PatientName: v.PatientName(ctx, r.Patient), Date: r.Date, Title: r.Title,
		Status: r.Status, Code: codeObject(r.Code), Value: r.Value, Unit: r.Unit,
		Flag: r.Flag, Version: r.Version, Conflict: r.Conflict, Deleted: r.Deleted}
	if !r.Patient.IsZero() {
		o.Patient = r.Patient.String()
	}
	return o
}

// revisionObject is phivault.revision.v1.
type revisionObject struct {
	Schema   string   `json:"schema"`
	Version  int      `json:"version"`
	At       string   `json:"at"`   // when it was made, by the clock of the device that made it; when sent, of that device sending it
	Sent     bool     `json:"sent"` // made by another device, some time before at: it did not say when
	Device   string   `json:"device"`
	Parents  []string `json:"parents"`
	SHA256   string   `json:"sha256"`
	Op       string   `json:"op"`
	Revision string   `json:"revision"`
	Bytes    uint64   `json:"bytes"`

	Gone   bool         `json:"gone"`             // its content is not here
	Purged *purgedByObj `json:"purged,omitempty"` // who removed it on purpose
}

type purgedByObj struct {
	At     string `json:"at"`
	Sent   bool   `json:"sent"` // as of the revision
	Device string `json:"device"`
}

func newRevisionObject(r *vault.Revision) revisionObject {
	o := revisionObject{Schema: "phivault.revision.v1", Version: r.Version, At: stamp(r.At), Sent: r.Sent, Device: hex.EncodeToString(r.Device[:]),
		Parents: []string{}, SHA256: r.Payload.String(), Op: r.Kind.String(), Revision: r.ID.String(), Bytes: r.Length, Gone: r.Gone}
	if r.Purge != nil {
		o.Purged = &purgedByObj{stamp(r.Purge.At), r.Purge.Sent, hex.EncodeToString(r.Purge.Device[:])}
	}
	for _, p := range r.Parents {
		o.Parents = append(o.Parents, p.String())
	}
	return o
}

type refusalObject struct {
	Input  string `json:"input"`
	Place  string `json:"place"`
	Reason string `json:"reason"`
}

// importObject is phivault.import.v1.
type importObject struct {
	Schema       string          `json:"schema"`
	DryRun       bool            `json:"dry_run"`
	New          int64           `json:"new"`
	Same         int64           `json:"same"`
	Changed      int64           `json:"changed"`
	Refused      int64           `json:"refused"`
	StaysDeleted int64           `json:"stays_deleted"`
	Records      int64           `json:"records"`
	Bytes        int64           `json:"bytes"`
	Refusals     []refusalObject `json:"refusals"`
	MS           int64           `json:"ms"`
}

type pointObject struct {
	Date  string `json:"date"`
	Value string `json:"value"`
	Flag  string `json:"flag"`
	Low   string `json:"low"`
	High  string `json:"high"`
	ID    string `json:"id"`
}

// trendObject is phivault.trend.v1.
type trendObject struct {
	Schema string        `json:"schema"`
	Code   codeObject    `json:"code"`
	Unit   string        `json:"unit"`
	Points []pointObject `json:"points"`
}

func newTrendObject(t *vault.Trend) trendObject {
	o := trendObject{Schema: "phivault.trend.v1", Code: codeObject(t.Code), Unit: t.Unit, Points: []pointObject{}}
	for _, p := range t.Points {
		o.Points = append(o.Points, pointObject{p.Date, p.Value, p.Flag, p.Low, p.High, p.Record.String()})
	}
	return o
}

// statusObject is phivault.status.v1. While locked is true nothing was counted
// and the numbers are 0. Pending counts what waits for a remote: entries written since the last sync and
// segments that one lacks; nothing, without a remote.
type statusObject struct {
	Schema    string           `json:"schema"`
	Vault     string           `json:"vault"`
	Path      string           `json:"path"`
	Records   int64            `json:"records"`
	Deleted   int64            `json:"deleted"`
	Patients  int64            `json:"patients"`
	Revisions int64            `json:"revisions"`
	Types     map[string]int64 `json:"types"`
	Profile   string           `json:"profile"`
	KDF       string           `json:"kdf"`
	Keyring   string           `json:"keyring"`
	Devices   []deviceObject   `json:"devices"`
	Remotes   []remoteObject   `json:"remotes"`
	Stale     []staleObject    `json:"stale"`    // devices of which nothing was heard for 90 days
	Waits     []waitObject     `json:"waits"`    // what has not arrived
	Segments  uint64           `json:"segments"` // of all devices, here
	Stable    uint64           `json:"stable"`   // those that every device that is not silent has seen
	Pending   int64            `json:"pending"`
	Conflicts int64            `json:"conflicts"`
	Bytes     int64            `json:"bytes"`
	Backup    string           `json:"backup"`
	Spares    int64            `json:"spares"`
	Locked    bool             `json:"locked"`

	HeldDeletes int64 `json:"held_deletes"` // records that other devices delete, held back until confirmed

	Forks []forkObject `json:"forks"` // that nobody has ended
}

// deviceObject is phivault.device.v1, and without the schema a part of status.
type deviceObject struct {
	Schema  string `json:"schema,omitempty"`
	ID      string `json:"id"`
	This    bool   `json:"this"`
	Letter  string `json:"letter"`
	Name    string `json:"name"`
	Owner   bool   `json:"owner"`
	Removed bool   `json:"removed"`
	Seen    string `json:"seen"` // by its own clock, when it last wrote; empty: nothing of it is here
	Log     int64  `json:"log"`  // the number of the log that it writes; most often 0
	Spare   bool   `json:"spare"`
	Of      string `json:"of"`    // the letter of the device that it was a copy of; or empty
	Was     string `json:"was"`   // the letter of the device that it was before rekey; or empty
	Next    string `json:"next"`  // the letter of the device that rekey made of it; or empty
	Ended   string `json:"ended"` // when that was, by its clock; or empty

	Quarantined int64  `json:"quarantined"` // entries written after its removal, device list only
	Fork        string `json:"fork"`        // its part in two histories, in words; empty for none; device list only
}

type problemObject struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
}

// verifyObject is phivault.verify.v1.
type verifyObject struct {
	Schema    string          `json:"schema"`
	OK        bool            `json:"ok"`
	Quick     bool            `json:"quick"`
	Records   int64           `json:"records"`
	Revisions int64           `json:"revisions"`
	Entries   int64           `json:"entries"`
	Segments  int64           `json:"segments"`
	Problems  []problemObject `json:"problems"`
	Code      string          `json:"code"`
	MS        int64           `json:"ms"`
}

// auditObject is phivault.audit.v1.
type auditObject struct {
	Schema  string        `json:"schema"`
	Entry   int64         `json:"entry"`
	At      string        `json:"at"` // when it was written, by the device's clock, or where that was not told, sent; first and last are when it was done
	Device  string        `json:"device"`
	Session string        `json:"session"`
	Action  string        `json:"action"`
	Patient string        `json:"patient"`
	Count   int           `json:"count"`
	First   string        `json:"first"`
	Last    string        `json:"last"`
	Import  *importCounts `json:"import,omitempty"`

	by [16]byte
}

type importCounts struct {
	Source  string `json:"source"`
	New     int64  `json:"new"`
	Same    int64  `json:"same"`
	Changed int64  `json:"changed"`
	Refused int64  `json:"refused"`
	Partial bool   `json:"partial"`
}

// exportObject is phivault.export.v1: what was written to a file.
type exportObject struct {
	Schema  string `json:"schema"`
	Format  string `json:"format"`
	Records int64  `json:"records"`
	Bytes   int64  `json:"bytes"`
	File    string `json:"file"`
	MS      int64  `json:"ms"`
}

// noteObject is phivault.note.v1: what a command remarks on stderr.
type noteObject struct {
	Schema  string `json:"schema"`
	Kind    string `json:"kind"` // "note" or "warning"
	Message string `json:"message"`
}

// doneObject is what commands give that change something and have no more to
// say: phivault.<command>.v1.
type doneObject struct {
	Schema  string `json:"schema"`
	ID      string `json:"id,omitempty"`
	Version int    `json:"version,omitempty"`
	Result  string `json:"result"`
}

// when says what time a version's is: when it was made, or where an earlier build on
// another device did not say that, when it was sent. Neither tells which of two is the
// newer one.
func when(at string, sent bool) string {
	if sent {
		return "sent " + at
	}
	return "made " + at
}

// stamp is a time as every schema gives it.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func (a *app) since(begun time.Time) int64 { return a.now().Sub(begun).Milliseconds() }
