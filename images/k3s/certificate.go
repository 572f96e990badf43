package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"firedrill.example/images/k3s/pki"
	"github.com/spf13/pflag"
)

// certServices are the certificates of each service name that `k3s certificate` takes (docs.k3s.io, "k3s certificate"), of those that are here.
var certServices = map[string][]string{
	"admin":              {tlsDir + "/client-admin"},
	"api-server":         {tlsDir + "/client-kube-apiserver", tlsDir + "/serving-kube-apiserver"},
	"auth-proxy":         {tlsDir + "/client-auth-proxy"},
	"controller-manager": {tlsDir + "/client-controller"},
	"k3s-controller":     {agentDir + "/client-k3s-controller"},
	"k3s-server":         {tlsDir + "/client-supervisor"},
	"kube-proxy":         {agentDir + "/client-kube-proxy"},
	"kubelet":            {agentDir + "/client-kubelet", agentDir + "/serving-kubelet"},
	"scheduler":          {tlsDir + "/client-scheduler"},
}

// certificate is `k3s certificate check|rotate`.
func certificate(args []string) error {
	if len(args) == 0 || !slices.Contains([]string{"check", "rotate"}, args[0]) {
		return errors.New("usage: k3s certificate check|rotate [--service <name>,<name>]")
	}
	fs := pflag.NewFlagSet("k3s certificate", pflag.ContinueOnError)
	services := fs.StringSliceP("service", "s", nil, "the services whose certificates are meant; default: all")
	output := fs.StringP("output", "o", "table", "of check: table")
	if err := fs.Parse(args[1:]); err != nil {
		return err
	}
	if *output != "table" {
		return errors.New("certificate check prints a table here")
	}
	if len(*services) == 0 {
		for name := range certServices {
			*services = append(*services, name)
		}
		slices.Sort(*services)
	}
	var files []string
	for _, service := range *services {
		known, ok := certServices[service]
		if !ok {
			return fmt.Errorf("service %s is not recognized", service)
		}
		for _, file := range known {
			if _, err := os.Stat(file + ".crt"); err == nil {
				files = append(files, file)
			}
		}
	}
	if args[0] == "check" {
		return checkCertificates(files, time.Now())
	}
	return rotate(files, time.Now())
}

func checkCertificates(files []string, now time.Time) error {
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "FILENAME\tSUBJECT\tEXPIRES\tSTATUS")
	for _, file := range files {
		cert, err := pki.Read(file + ".crt")
		if err != nil {
			return err
		}
		status := "OK"
		if now.After(cert.NotAfter) {
			status = "EXPIRED"
		} else if now.Add(pki.RenewWithin).After(cert.NotAfter) {
			status = "WARNING"
		}
		fmt.Fprintf(table, "%s.crt\t%s\t%s\t%s\n", filepath.Base(file), cert.Subject.CommonName, cert.NotAfter.UTC().Format("Jan 02, 2006 15:04 MST"), status)
	}
	return table.Flush()
}

// rotate copies the certificates and keys to <server or agent>/tls-<seconds> and removes them: the next start makes new ones. Not the authorities'.
// What goes where: pkg/cli/cert/cert.go of k3s.
func rotate(files []string, now time.Time) error {
	parent := serverDir
	if _, err := os.Stat(tlsDir); err != nil {
		parent = agentDir
	}
	backup := fmt.Sprintf("%s/tls-%d", parent, now.Unix())
	if parent == serverDir {
		if err := os.CopyFS(backup, os.DirFS(tlsDir)); err != nil {
			return err
		}
	} else if err := os.MkdirAll(backup, 0o700); err != nil {
		return err
	}
	for _, file := range files {
		for _, part := range []string{file + ".crt", file + ".key"} {
			if strings.HasPrefix(file, agentDir) {
				text, err := os.ReadFile(part)
				if err != nil {
					return err
				}
				if err := os.WriteFile(filepath.Join(backup, filepath.Base(part)), text, 0o600); err != nil {
					return err
				}
			}
			if err := os.Remove(part); err != nil {
				return err
			}
		}
	}
	fmt.Printf("%s: certificates are backed up to %s; restart the server or agent to have new ones\n", self, backup)
	return nil
}
