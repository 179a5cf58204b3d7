package vault

import "sync"

// nameCache remembers patients' names for listings. It forgets everything when
// it is full, which is simpler than an order of use and as good for pages.
type nameCache struct {
	mu   sync.Mutex
	most int
	m    map[RecordID]string
}

func newNameCache(most int) *nameCache { return &nameCache{most: most, m: map[RecordID]string{}} }

func (c *nameCache) get(id RecordID) (string, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, ok := c.m[id]
	return s, ok
}

func (c *nameCache) put(id RecordID, name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.m) >= c.most {
		clear(c.m)
	}
	c.m[id] = name
}

func (c *nameCache) drop(id RecordID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.m, id)
}
