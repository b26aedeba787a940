package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// serviceRange is where the cluster IPs of Services come from: two families, so that no Service is refused for the
// want of one. The first address is the one of the Service `kubernetes`.
const (
	serviceRange   = "10.96.0.0/12,fd00:10:96::/112"
	serviceAddress = "10.96.0.1"
)

// credentials is what the servers and their clients need to know each other by; all of it lies in one folder.
type credentials struct {
	folder, url   string
	authority     *x509.Certificate
	authorityKey  *ecdsa.PrivateKey
	authorityFile string
	serverCert    string
	serverKey     string
	accountKey    string
	tokens        string
	admin         *api.AuthInfo
}

// newCredentials writes a certificate authority, the server's certificate, the key that signs service account tokens,
// and the kubeconfigs `nobody` (a token; authenticated, without a single right) and `expired` (a client certificate
// that has run out). The one of the administrator is written by writeKubeconfig when the server is ready.
func newCredentials(folder, url string) (*credentials, error) {
	file := func(name string) string { return filepath.Join(folder, name) }
	c := &credentials{
		folder: folder, url: url,
		authorityFile: file("ca.crt"), serverCert: file("server.crt"), serverKey: file("server.key"),
		accountKey: file("service-account.key"), tokens: file("tokens.csv"),
	}
	if err := c.newAuthority(); err != nil {
		return nil, err
	}

	cert, key, err := c.issue(&x509.Certificate{
		Subject:     pkix.Name{CommonName: "kube-apiserver"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:    []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.ParseIP(serviceAddress)},
	})
	if err != nil {
		return nil, err
	}
	_, accountKey, err := newKey()
	if err != nil {
		return nil, err
	}
	token := make([]byte, 16)
	if _, err := rand.Read(token); err != nil {
		return nil, err
	}
	nobody := hex.EncodeToString(token)
	for name, content := range map[string][]byte{
		c.authorityFile: encode("CERTIFICATE", c.authority.Raw), c.serverCert: cert, c.serverKey: key,
		c.accountKey: accountKey, c.tokens: []byte(nobody + ",nobody,nobody\n"),
	} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			return nil, err
		}
	}

	if c.admin, err = c.client("admin", time.Now().Add(validity)); err != nil {
		return nil, err
	}
	expired, err := c.client("expired", time.Now().Add(-time.Hour))
	if err != nil {
		return nil, err
	}
	if err := c.writeKubeconfig("expired.kubeconfig", expired); err != nil {
		return nil, err
	}
	return c, c.writeKubeconfig("nobody.kubeconfig", &api.AuthInfo{Token: nobody})
}

// validity is longer than any test run, and short enough that a forgotten kubeconfig is worth nothing.
const validity = 7 * 24 * time.Hour

// newAuthority makes the certificate authority, which signs the certificates of servers and clients alike.
func (c *credentials) newAuthority() error {
	key, _, err := newKey()
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "plimsoll-tests"},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(validity),
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		IsCA:     true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	c.authorityKey = key
	c.authority, err = x509.ParseCertificate(der)
	return err
}

// issue signs a certificate for a new key; both are given as PEM.
func (c *credentials) issue(template *x509.Certificate) (cert, key []byte, err error) {
	signer, key, err := newKey()
	if err != nil {
		return nil, nil, err
	}
	if template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)); err != nil {
		return nil, nil, err
	}
	template.NotBefore = c.authority.NotBefore
	if template.NotAfter.IsZero() {
		template.NotAfter = c.authority.NotAfter
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, template, c.authority, signer.Public(), c.authorityKey)
	return encode("CERTIFICATE", der), key, err
}

// client issues a client certificate of the group that may do everything.
func (c *credentials) client(name string, until time.Time) (*api.AuthInfo, error) {
	cert, key, err := c.issue(&x509.Certificate{
		Subject:     pkix.Name{CommonName: name, Organization: []string{"system:masters"}},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		NotAfter:    until,
	})
	return &api.AuthInfo{ClientCertificateData: cert, ClientKeyData: key}, err
}

// writeKubeconfig writes a kubeconfig of one user, whole or not at all.
func (c *credentials) writeKubeconfig(name string, user *api.AuthInfo) error {
	config := api.NewConfig()
	config.Clusters["plimsoll-tests"] = &api.Cluster{
		Server: c.url, CertificateAuthorityData: encode("CERTIFICATE", c.authority.Raw),
	}
	config.AuthInfos["user"] = user
	config.Contexts["plimsoll-tests"] = &api.Context{Cluster: "plimsoll-tests", AuthInfo: "user"}
	config.CurrentContext = "plimsoll-tests"
	content, err := clientcmd.Write(*config)
	if err != nil {
		return err
	}
	path := filepath.Join(c.folder, name)
	if err := os.WriteFile(path+".new", content, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

func newKey() (*ecdsa.PrivateKey, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.MarshalECPrivateKey(key)
	return key, encode("EC PRIVATE KEY", der), err
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
