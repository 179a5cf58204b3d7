package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// process is a worker as the parent sees it.
type process struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	enc *json.Encoder
	dec *json.Decoder
}

func startProcess(ctx context.Context, m member, q *queries) (*process, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.CommandContext(ctx, exe, workerArg)}
	p.cmd.Env = append(os.Environ(), workerVariable+"=1")
	p.cmd.Stderr = os.Stderr
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.enc, p.dec = json.NewEncoder(p.in), json.NewDecoder(out)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	if _, err := p.do(request{Op: "setup", Member: &m, Queries: q}); err != nil {
		p.stop()
		return nil, err
	}
	return p, nil
}

// workerVariable has a test's binary, too, become a worker.
const workerVariable = "PHIVAULT_BENCH_SIDE"

func (p *process) do(q request) (r reply, err error) {
	if err = p.enc.Encode(q); err == nil {
		err = p.dec.Decode(&r)
	}
	if err != nil {
		return r, fmt.Errorf("the process that measures ended: %w", err)
	}
	if r.Err != "" {
		return r, errors.New(q.Op + ": " + r.Err)
	}
	return r, nil
}

// stop has the worker close its database and waits for it.
func (p *process) stop() error {
	if p == nil {
		return nil
	}
	p.in.Close()
	return p.cmd.Wait()
}
