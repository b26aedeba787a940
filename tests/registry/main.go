// A registry with the referrers API, for tests: go-containerregistry's, with passwords, tokens and TLS before it.
//
//	registry -port-file FILE [-login NAME:PASSWORD [-token]] [-certs DIR]
//	registry -certs DIR -only-certs
//
// It listens on a free port of this machine and writes the port into the file when it is ready. With -token it asks for
// bearer tokens, which it gives for the password. With -certs it speaks HTTPS by certificates that it writes into the
// folder: ca.pem, cert.pem, key.pem.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"flag"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
)

func main() {
	portFile := flag.String("port-file", "", "where to write the port")
	login := flag.String("login", "", "NAME:PASSWORD that is asked for")
	token := flag.Bool("token", false, "ask for tokens instead of the password")
	certs := flag.String("certs", "", "folder for certificates; speak HTTPS")
	onlyCerts := flag.Bool("only-certs", false, "write certificates and end")
	flag.Parse()

	if *certs != "" {
		if _, err := os.Stat(filepath.Join(*certs, "cert.pem")); err != nil {
			writeCerts(*certs)
		}
	}
	if *onlyCerts {
		return
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	scheme := "http"
	if *certs != "" {
		scheme = "https"
	}
	origin := fmt.Sprintf("%s://%s", scheme, listener.Addr())
	var handler http.Handler = registry.New(registry.WithReferrersSupport(true), registry.Logger(log.New(io.Discard, "", 0)))
	if *login != "" {
		handler = guard(handler, *login, *token, origin)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	check(os.WriteFile(*portFile+".new", fmt.Appendf(nil, "%d", port), 0o600))
	check(os.Rename(*portFile+".new", *portFile))
	if *certs != "" {
		check(http.ServeTLS(listener, handler, filepath.Join(*certs, "cert.pem"), filepath.Join(*certs, "key.pem")))
	}
	check(http.Serve(listener, handler))
}

// guard asks for the password, or for tokens that are given for it.
func guard(next http.Handler, login string, token bool, origin string) http.Handler {
	issued := map[string]bool{}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, password, basic := r.BasicAuth()
		known := basic && name+":"+password == login
		if token && r.URL.Path == "/token" {
			if !known {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			value := fmt.Sprintf("t-%d-%s", len(issued), r.URL.Query().Get("scope"))
			issued[value] = true
			json.NewEncoder(w).Encode(map[string]string{"token": value})
			return
		}
		if token {
			known = issued[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
		}
		if !known {
			challenge := `Basic realm="tests"`
			if token {
				challenge = fmt.Sprintf(`Bearer realm="%s/token",service="tests"`, origin)
			}
			w.Header().Set("WWW-Authenticate", challenge)
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"errors":[{"code":"UNAUTHORIZED","message":"who is there?"}]}`)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func writeCerts(folder string) {
	check(os.MkdirAll(folder, 0o700))
	authority := certificate("Plimsoll's tests", true)
	authorityKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	server := certificate("localhost", false)
	serverKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	write := func(name, kind string, der []byte) {
		check(os.WriteFile(filepath.Join(folder, name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
	}
	der, err := x509.CreateCertificate(rand.Reader, authority, authority, &authorityKey.PublicKey, authorityKey)
	check(err)
	write("ca.pem", "CERTIFICATE", der)
	der, err = x509.CreateCertificate(rand.Reader, server, authority, &serverKey.PublicKey, authorityKey)
	check(err)
	write("cert.pem", "CERTIFICATE", der)
	der, err = x509.MarshalPKCS8PrivateKey(serverKey)
	check(err)
	write("key.pem", "PRIVATE KEY", der)
}

func certificate(name string, authority bool) *x509.Certificate {
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	check(err)
	return &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: name},
		DNSNames:              []string{"localhost"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(24 * time.Hour),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  authority,
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
