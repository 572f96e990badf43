package pki

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestRenewal(t *testing.T) {
	dir := t.TempDir()
	start := time.Now()
	ca, err := Load(dir, "ca", "k3s-client-ca", start)
	if err != nil {
		t.Fatal(err)
	}
	leaf := Leaf{Name: "system:admin", Usage: x509.ExtKeyUsageClientAuth}
	for _, step := range []struct {
		days   int
		leaf   Leaf
		writes bool
	}{
		{0, leaf, true},
		{244, leaf, false},
		{246, leaf, true},
		{247, leaf, false},
		{247, Leaf{Name: "system:admin", Names: []string{"other"}, Usage: leaf.Usage}, true},
	} {
		before, _ := os.ReadFile(filepath.Join(dir, "admin.key"))
		wrote, err := ca.Ensure(dir, "admin", step.leaf, start.Add(time.Duration(step.days)*day))
		if err != nil || wrote != step.writes {
			t.Fatalf("day %d: wrote %v, %v", step.days, wrote, err)
		}
		after, _ := os.ReadFile(filepath.Join(dir, "admin.key"))
		if step.days > 0 && string(before) != string(after) {
			t.Fatalf("day %d: a renewal made another key", step.days)
		}
	}
	again, err := Load(dir, "ca", "k3s-client-ca", start.Add(300*day))
	if err != nil || !again.Cert.Equal(ca.Cert) {
		t.Fatalf("the authority changed: %v", err)
	}
}

func TestToken(t *testing.T) {
	hash := CAHash([]byte("a certificate"))
	full := Token{CAHash: hash, User: "server", Password: "s:ecret"}
	if got, err := ParseToken(full.String() + "\n"); err != nil || got != full {
		t.Fatalf("%v, %v", got, err)
	}
	if got, err := ParseToken("secret"); err != nil || got != (Token{User: "node", Password: "secret"}) {
		t.Fatalf("%v, %v", got, err)
	}
	for _, bad := range []string{"", "K10", "K10abc::server:x", "K10" + hash + ":server:x", "K10" + hash + "::server"} {
		if _, err := ParseToken(bad); err == nil {
			t.Errorf("%q was taken", strings.TrimSpace(bad))
		}
	}
}
