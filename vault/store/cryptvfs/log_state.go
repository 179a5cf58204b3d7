package cryptvfs

import "sync"

// logState is what the handles of one log know together. Frames count from
// zero; "up to n" means the frames 0..n-1.
//
// Its purpose is the mark in each frame: the number of frames that were durable
// when it was written. Recovery takes a mark for proof, so it may claim too
// little but never too much: only frames up to a commit count, since others may
// be overwritten after a rollback; writing a frame again takes back what was
// claimed of it; and a sync vouches only for what was there when it began.
type logState struct {
	fileState
	known     bool // a handle of this process was opened before; guarded by VFS.mu
	inherited inherited

	mu        sync.Mutex
	salts     uint64 // of the present generation: SQLite draws new ones whenever it starts the log over
	committed int64  // frames up to the last commit
	synced    int64  // frames that are durable, at most committed
	takenBack uint64 // how often committed went down

	out    sync.Mutex // while frames that waited go to the file, and while writer or long changes
	writer *log       // the handle that wrote last: what others have waiting came to nothing
	long   int64      // bytes that the file has at least
}

// takeOver makes l the handle that writes. It does so under SQLite's lock, and what
// another has waiting is of a transaction that was rolled back.
func (s *logState) takeOver(l *log) {
	s.out.Lock()
	defer s.out.Unlock()
	if s.writer != l {
		s.writer = l
		l.ready = l.ready[:0]
	}
}

// shorter says that the file will be shorter than it was, or another one.
func (s *logState) shorter() {
	s.out.Lock()
	defer s.out.Unlock()
	s.long = 0
}

// begin starts a generation of which nothing is known.
func (s *logState) begin(salts uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.salts = salts
	s.committed, s.synced = 0, 0
	s.takenBack++
}

// generation returns the salts of the log's header; zero, under which no frame
// is ever sealed, before there was one.
func (s *logState) generation() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.salts
}

// writing must be called before a frame is written. It returns the mark.
func (s *logState) writing(frame int64) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.committed > frame {
		s.committed = frame
		s.takenBack++
	}
	s.synced = min(s.synced, frame)
	return uint64(s.synced)
}

// seen notes a frame of this generation that is in the file.
func (s *logState) seen(frame int64, commits bool) {
	if !commits {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.committed = max(s.committed, frame+1)
}

// syncMark is the state at the beginning of a sync.
type syncMark struct {
	committed int64
	takenBack uint64
}

func (s *logState) mark() syncMark {
	s.mu.Lock()
	defer s.mu.Unlock()
	return syncMark{s.committed, s.takenBack}
}

// durable is called when the sync succeeded.
func (s *logState) durable(m syncMark) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.takenBack == m.takenBack {
		s.synced = max(s.synced, m.committed)
	}
}
