// Package pki makes the certificates and tokens of the k3s stand-in, with the names, terms and renewal that k3s documents
// (docs.k3s.io, "k3s certificate" and "k3s token").
package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	day = 24 * time.Hour
	// A leaf certificate's term and the rest of it at which the next start renews it, both as k3s documents them.
	leafTerm    = 365 * day
	RenewWithin = 120 * day
	caTerm      = 3650 * day
)

// Authority signs certificates.
type Authority struct {
	Cert *x509.Certificate
	key  crypto.Signer
}

// Leaf says what a certificate is for.
type Leaf struct {
	Name          string
	Organizations []string
	Usage         x509.ExtKeyUsage
	// Names and addresses that a server's certificate holds.
	Names     []string
	Addresses []net.IP
}

// PEM is the authority's certificate.
func (a *Authority) PEM() []byte { return certPEM(a.Cert.Raw) }

// Load reads the authority in dir/name.crt and dir/name.key, and makes it where it is not there. k3s does not renew authorities.
func Load(dir, name, commonName string, now time.Time) (*Authority, error) {
	certFile, keyFile := filepath.Join(dir, name+".crt"), filepath.Join(dir, name+".key")
	key, err := KeyAt(keyFile)
	if err != nil {
		return nil, err
	}
	if cert, err := Read(certFile); err == nil {
		return &Authority{Cert: cert, key: key}, nil
	} else if !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          serial(),
		Subject:               pkix.Name{CommonName: fmt.Sprintf("%s@%d", commonName, now.Unix())},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.Add(caTerm),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &Authority{Cert: cert, key: key}, os.WriteFile(certFile, certPEM(der), 0o644)
}

// Ensure writes dir/name.crt and dir/name.key unless a certificate is there that is still good: of this authority, for these names, with more
// than RenewWithin left. A renewal keeps the key. Reports whether it wrote.
func (a *Authority) Ensure(dir, name string, leaf Leaf, now time.Time) (bool, error) {
	certFile := filepath.Join(dir, name+".crt")
	key, err := KeyAt(filepath.Join(dir, name+".key"))
	if err != nil {
		return false, err
	}
	if cert, err := Read(certFile); err == nil && a.good(cert, key, leaf, now) {
		return false, nil
	}
	issued, err := a.Issue(key.Public(), leaf, now)
	if err != nil {
		return false, err
	}
	return true, os.WriteFile(certFile, issued, 0o644)
}

// Issue signs a certificate for a public key: itself and the authority's, as k3s' files hold them.
func (a *Authority) Issue(public crypto.PublicKey, leaf Leaf, now time.Time) ([]byte, error) {
	template := &x509.Certificate{
		SerialNumber: serial(),
		Subject:      pkix.Name{CommonName: leaf.Name, Organization: leaf.Organizations},
		NotBefore:    a.Cert.NotBefore,
		NotAfter:     now.Add(leafTerm),
		KeyUsage:     x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage:  []x509.ExtKeyUsage{leaf.Usage},
		DNSNames:     leaf.Names,
		IPAddresses:  leaf.Addresses,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.Cert, public, a.key)
	if err != nil {
		return nil, err
	}
	return append(certPEM(der), a.PEM()...), nil
}

func (a *Authority) good(cert *x509.Certificate, key crypto.Signer, leaf Leaf, now time.Time) bool {
	same := cert.Subject.CommonName == leaf.Name && slices.Equal(cert.DNSNames, leaf.Names) &&
		slices.EqualFunc(cert.IPAddresses, leaf.Addresses, net.IP.Equal)
	public, ok := cert.PublicKey.(*ecdsa.PublicKey)
	return same && ok && public.Equal(key.Public()) && cert.CheckSignatureFrom(a.Cert) == nil &&
		cert.NotAfter.After(now.Add(RenewWithin))
}

// KeyAt reads a private key, and makes it where it is not there.
func KeyAt(file string) (crypto.Signer, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, err
		}
		der, err := x509.MarshalECPrivateKey(key)
		if err != nil {
			return nil, err
		}
		return key, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), 0o600)
	} else if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s holds no key", file)
	}
	return x509.ParseECPrivateKey(block.Bytes)
}

// Read reads the first certificate of a file.
func Read(file string) (*x509.Certificate, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s holds no certificate", file)
	}
	return x509.ParseCertificate(block.Bytes)
}

// Token is what an agent joins with: user and password, and in the secure format the hash of the server's authority.
type Token struct {
	CAHash, User, Password string
}

// ParseToken reads both formats that k3s documents: a password alone, and K10<hash>::<user>:<password>.
func ParseToken(text string) (Token, error) {
	text = strings.TrimSpace(text)
	rest, secure := strings.CutPrefix(text, "K10")
	if !secure {
		if text == "" {
			return Token{}, errors.New("no token: --token, K3S_TOKEN or K3S_TOKEN_FILE")
		}
		return Token{User: "node", Password: text}, nil
	}
	hash, credentials, ok := strings.Cut(rest, "::")
	user, password, both := strings.Cut(credentials, ":")
	if !ok || !both || len(hash) != 2*sha256.Size {
		return Token{}, errors.New("the token is not of the form K10<hash>::<user>:<password>")
	}
	return Token{CAHash: hash, User: user, Password: password}, nil
}

// String is the token in the secure format.
func (t Token) String() string { return fmt.Sprintf("K10%s::%s:%s", t.CAHash, t.User, t.Password) }

// CAHash is what a secure token says of the server's authority.
func CAHash(cert []byte) string {
	sum := sha256.Sum256(cert)
	return hex.EncodeToString(sum[:])
}

func certPEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func serial() *big.Int {
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		panic(err) // the system has no random numbers
	}
	return n
}
