package vault

import "slices"

// Row is what a line of a list and a point of a trend show of a record, read
// without its JSON. Every field is what the Record of the same name gives; the
// slices are shared and must not be changed.
type Row struct {
	ID       RecordID
	Source   string
	Patient  RecordID
	Version  int
	Deleted  bool
	Purged   bool
	Conflict bool
	Order    int64

	Type   string
	FHIRID string // Resource.ID
	Date   string
	Title  string
	Status string
	Code   Coding
	Value  string
	Unit   string
	Flag   string

	Codings  []Coding
	Measures []Measure

	Snippet string
	Rank    int
}

// Row gives what a list shows of r.
func (r *Record) Row() Row {
	w := r.Resource.Row()
	w.ID, w.Source, w.Patient, w.Version, w.Order = r.ID, r.Source, r.Patient, r.Version, r.Order
	w.Deleted, w.Purged, w.Conflict = r.Deleted, r.Purged, r.Conflict
	w.Snippet, w.Rank = r.Snippet, r.Rank
	return w
}

// Row gives the part of a Row that the resource says.
func (r *Resource) Row() Row {
	return Row{Type: r.Type, FHIRID: r.ID, Date: r.Date, Title: r.Title, Status: r.Status, Code: r.Code,
		Value: r.Value, Unit: r.Unit, Flag: r.Flag, Codings: r.Codings, Measures: r.Measures}
}

// Says reports whether both say the same of their resources.
func (w *Row) Says(o *Row) bool {
	return w.Type == o.Type && w.FHIRID == o.FHIRID && w.Date == o.Date && w.Title == o.Title && w.Status == o.Status &&
		w.Code == o.Code && w.Value == o.Value && w.Unit == o.Unit && w.Flag == o.Flag &&
		slices.Equal(w.Codings, o.Codings) && slices.EqualFunc(w.Measures, o.Measures, sameMeasure)
}

func sameMeasure(a, b Measure) bool {
	return slices.Equal(a.Codings, b.Codings) && a.Name == b.Name && a.Value == b.Value && a.Unit == b.Unit && a.UnitCode == b.UnitCode &&
		a.Flag == b.Flag && a.Low == b.Low && a.High == b.High && a.Range == b.Range && a.Absent == b.Absent
}
