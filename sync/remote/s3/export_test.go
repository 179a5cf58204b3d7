package s3

import (
	"context"
	"net"

	"phivault/sync/remote"
)

// DialTo makes r connect to addr whatever the host's name.
func (r *Remote) DialTo(addr string) {
	t := r.guard.Next.(*remote.Transport)
	dial := t.DialContext
	t.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) { return dial(ctx, network, addr) }
}
