package rediscache_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/internal/redistest"
)

// listenTLS makes a server listen over TLS too, with a certificate for
// 127.0.0.1, and returns where, and whom to trust.
func listenTLS(t *testing.T, srv *redistest.Server) (addr string, trust *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	cert := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotAfter:     time.Now().Add(time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:         true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, &key.PublicKey, key)
	must(t, err)
	private, err := x509.MarshalECPrivateKey(key)
	must(t, err)
	certFile, keyFile := filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	must(t,
		os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600),
		os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: private}), 0o600))

	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	addr = l.Addr().String()
	must(t, l.Close())
	_, port, err := net.SplitHostPort(addr)
	must(t, err)
	admin := newClient(t, srv.Options())
	must(t, admin.Do(t.Context(), "CONFIG", "SET", "tls-cert-file", certFile, "tls-key-file", keyFile,
		"tls-ca-cert-file", certFile, "tls-auth-clients", "no", "tls-port", port).Err())

	trust = &tls.Config{RootCAs: x509.NewCertPool()}
	parsed, err := x509.ParseCertificate(der)
	must(t, err)
	trust.RootCAs.AddCert(parsed)
	return addr, trust
}

// Over TLS all is as it is without, the connections that are counted included.
func TestTLS(t *testing.T) {
	srv := redistest.New(t, redistest.Config{})
	addr, trust := listenTLS(t, srv)
	b := newBackend(t, newClient(t, &redis.Options{Addr: addr, TLSConfig: trust, ContextTimeoutEnabled: true}), nil)
	other, _ := process(t, srv)

	must(t, b.Set(t.Context(), "k", []byte("v"), time.Minute))
	last := purge(t, b, "over TLS")
	for range 3 { // the first dials, and asks
		value, ok, head, err := b.GetHead(t.Context(), "k")
		if string(value) != "v" || !ok || err != nil || head != last && head != 0 {
			t.Errorf("GetHead: got %q, %v, %d, %v; want v, true, %d", value, ok, head, err, last)
		}
	}
	if events := since(t, other, 0); events.Head != last || len(events.List) != 1 || events.List[0].Reason != "over TLS" {
		t.Errorf("without TLS: got %+v, want the purge at %d", events, last)
	}
	last = purge(t, other, "in the clear")
	if events := since(t, b, last-1); events.Head != last || len(events.List) != 1 {
		t.Errorf("over TLS: got %+v, want the purge at %d", events, last)
	}

	_, _, err := newBackend(t, newClient(t, &redis.Options{Addr: addr, TLSConfig: &tls.Config{}, ContextTimeoutEnabled: true}), nil).Get(t.Context(), "k")
	if err == nil {
		t.Error("a server that is not trusted was talked to")
	}
}
