package s3_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"phivault/sync/remote"
	"phivault/sync/remote/faults"
	"phivault/sync/remote/remotetest"
	"phivault/sync/remote/s3"
)

var cred = s3.Credentials{AccessKey: "access", SecretKey: remotetest.Secret}

var exclusive = s3.Abilities{Exclusive: true}

func open(t *testing.T, c s3.Config, cr s3.Credentials) *s3.Remote {
	t.Helper()
	r, err := s3.Open(c, cr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// fake runs gofakes3 with a bucket behind TLS 1.3; wrap may stand before it.
func fake(t *testing.T, wrap func(http.Handler) http.Handler) s3.Config {
	t.Helper()
	store := s3mem.New()
	if err := store.CreateBucket("bucket"); err != nil {
		t.Fatal(err)
	}
	h := gofakes3.New(store, gofakes3.WithLogger(gofakes3.DiscardLog())).Server()
	if wrap != nil {
		h = wrap(h)
	}
	srv, client := remotetest.Serve(t, h, nil)
	return s3.Config{Endpoint: strings.TrimPrefix(srv.URL, "https://"), Bucket: "bucket", Prefix: "some/where", HTTP: client}
}

func probed(t *testing.T, c s3.Config, cr s3.Credentials, want s3.Abilities) *s3.Remote {
	t.Helper()
	r := open(t, c, cr)
	got, err := r.Probe(t.Context())
	if err != nil || got != want || (remote.StrengthOf(r) == remote.Exclusive) != want.Exclusive {
		t.Fatalf("probe: %+v, %v; want %+v", got, err, want)
	}
	return r
}

func TestContractOnAStoreThatHonoursConditions(t *testing.T) {
	c := fake(t, nil)
	remotetest.Run(t, remotetest.Options{
		Open:    func(t *testing.T) remote.Remote { return probed(t, c, cred, s3.Abilities{Exclusive: true}) },
		Buffers: true, Lists: true, Deletes: true,
	})
}

func TestContractOnAStoreThatIgnoresConditions(t *testing.T) {
	c := fake(t, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			req.Header.Del("If-None-Match")
			h.ServeHTTP(w, req)
		})
	})
	remotetest.Run(t, remotetest.Options{
		Open:    func(t *testing.T) remote.Remote { return probed(t, c, cred, s3.Abilities{}) },
		Buffers: true, Lists: true, Deletes: true,
	})
}

func TestContractWithTheBucketInTheHostsName(t *testing.T) {
	store := s3mem.New()
	if err := store.CreateBucket("bucket"); err != nil {
		t.Fatal(err)
	}
	h := gofakes3.New(store, gofakes3.WithLogger(gofakes3.DiscardLog())).Server()
	cert, leaf := remotetest.Certificate(t, func(c *x509.Certificate) { c.DNSNames = []string{"bucket.store.test"} })
	srv, client := remotetest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		bucket, host, _ := strings.Cut(req.Host, ".")
		if host != "store.test" {
			t.Errorf("a request for %s", req.Host)
		}
		req.Host, req.URL.Path = host, "/"+bucket+req.URL.Path
		h.ServeHTTP(w, req)
	}), func(s *httptest.Server) { s.TLS.Certificates = []tls.Certificate{cert} })
	client.Roots = x509.NewCertPool()
	client.Roots.AddCert(leaf)
	remotetest.Run(t, remotetest.Options{
		Open: func(t *testing.T) remote.Remote {
			r := open(t, s3.Config{Endpoint: "store.test", Bucket: "bucket", VirtualHost: true, Abilities: exclusive, HTTP: client}, cred)
			r.DialTo(srv.Listener.Addr().String())
			return r
		},
		Buffers: true, Lists: true, Deletes: true,
	})
}

// sink takes any put and gives a body made up on the way, so that what grows is
// the adapter's memory.
func sink(t *testing.T) remote.Remote {
	var size string
	srv, client := remotetest.Serve(t, remotetest.Sink(&size), nil)
	return open(t, s3.Config{Endpoint: strings.TrimPrefix(srv.URL, "https://"), Bucket: "bucket", Abilities: exclusive, HTTP: client}, cred)
}

func TestBigBodiesPassInLittleMemory(t *testing.T) { remotetest.Big(t, sink(t)) }

func TestFoulWeather(t *testing.T) {
	c := fake(t, nil)
	remotetest.Faulty(t, remotetest.Options{Open: func(t *testing.T) remote.Remote {
		c.Exclusive = true
		return faults.New(open(t, c, cred), faults.Plan{Seed: 3, Down: .1, Lost: .2, Cut: .2})
	}})
	p, err := faults.NewProxy(c.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	c.Endpoint = p.Addr()
	p.Set(faults.Weather{Cut: 30_000, Ragged: true, Reset: true})
	if remotetest.Faulty(t, remotetest.Options{Open: func(t *testing.T) remote.Remote { return open(t, c, cred) }}) == 0 {
		t.Error("nothing failed: the proxy is not in the way")
	}
}

func TestAttack41And44And45And46Transport(t *testing.T) {
	remotetest.Transport(t, remotetest.TransportOptions{Open: func(t *testing.T, url string, h remote.HTTP) remote.Remote {
		return open(t, s3.Config{Endpoint: strings.TrimPrefix(url, "https://"), Bucket: "bucket", Abilities: exclusive, HTTP: h},
			s3.Credentials{AccessKey: "access", SecretKey: remotetest.Secret, SessionToken: remotetest.Secret})
	}})
}

func TestWhatIsNoEndpointIsRefused(t *testing.T) {
	good := s3.Config{Endpoint: "store.example:9000", Bucket: "bucket"}
	if _, err := s3.Open(good, cred); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []func(*s3.Config){
		func(c *s3.Config) { c.Endpoint = "" }, func(c *s3.Config) { c.Endpoint = "http://store.example" },
		func(c *s3.Config) { c.Endpoint = "user:" + remotetest.Secret + "@store.example" },
		func(c *s3.Config) { c.Endpoint = "store.example/path" }, func(c *s3.Config) { c.Endpoint = "store.example?x" },
		func(c *s3.Config) { c.Bucket = "" }, func(c *s3.Config) { c.Prefix = "../up" }, func(c *s3.Config) { c.Prefix = "/x" },
		func(c *s3.Config) { c.Prefix = "x//y" },
	} {
		c := good
		bad(&c)
		if r, err := s3.Open(c, cred); err == nil {
			t.Errorf("%+v gave %v", c, r)
		} else if strings.Contains(err.Error(), remotetest.Secret) {
			t.Errorf("%v", err)
		}
	}
}

// A real gateway, which .ci/s3-gateway starts: PHIVAULT_TEST_S3=1 demands it.
func TestContractOnARealGateway(t *testing.T) {
	if os.Getenv("PHIVAULT_TEST_S3") == "" {
		t.Skip("PHIVAULT_TEST_S3 is not set: no gateway to test against")
	}
	pem, err := os.ReadFile(os.Getenv("PHIVAULT_TEST_S3_CA"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		t.Fatal("no certificate in PHIVAULT_TEST_S3_CA")
	}
	c := s3.Config{Endpoint: os.Getenv("PHIVAULT_TEST_S3_ENDPOINT"), Bucket: os.Getenv("PHIVAULT_TEST_S3_BUCKET"), HTTP: remote.HTTP{Roots: roots}}
	real := s3.Credentials{AccessKey: os.Getenv("PHIVAULT_TEST_S3_ACCESS"), SecretKey: os.Getenv("PHIVAULT_TEST_S3_SECRET")}
	remotetest.Run(t, remotetest.Options{
		Open: func(t *testing.T) remote.Remote {
			return probed(t, c, real, s3.Abilities{Exclusive: true, Trailers: true})
		},
		Lists: true, Deletes: true,
	})
	t.Run("a wrong secret is refused", func(t *testing.T) {
		bad := open(t, c, s3.Credentials{AccessKey: real.AccessKey, SecretKey: remotetest.Secret})
		_, _, err := bad.Get(t.Context(), remotetest.Name())
		if !errors.Is(err, remote.ErrRefused) || strings.Contains(err.Error(), remotetest.Secret) {
			t.Errorf("%v", err)
		}
		c.Bucket = "no-such-bucket"
		if _, _, err := open(t, c, real).Get(t.Context(), remotetest.Name()); !errors.Is(err, remote.ErrRefused) {
			t.Errorf("no such bucket: %v", err)
		}
	})
	p, err := faults.NewProxy(c.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	c.Endpoint, c.Bucket, c.Exclusive = p.Addr(), os.Getenv("PHIVAULT_TEST_S3_BUCKET"), true
	p.Set(faults.Weather{Cut: 30_000, Ragged: true, Reset: true})
	if remotetest.Faulty(t, remotetest.Options{Open: func(t *testing.T) remote.Remote { return open(t, c, real) }}) == 0 {
		t.Error("nothing failed: the proxy is not in the way")
	}
}
