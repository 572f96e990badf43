package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"firedrill.example/images/k3s/pki"
	"k8s.io/klog/v2"
)

// The supervisor takes all connections on the cluster's port: what agents join by, and everything else for the API server.

// clusterConfig is what an agent has to know of the cluster.
type clusterConfig struct {
	ClusterCIDR, ClusterDNS, ClusterDomain string
}

func startSupervisor(ctx context.Context, o *options, cas *authorities, api http.Handler, failed chan<- error) error {
	serving, err := tls.LoadX509KeyPair(tlsDir+"/serving-kube-apiserver.crt", tlsDir+"/serving-kube-apiserver.key")
	if err != nil {
		return err
	}
	token, err := pki.ParseToken(o.token)
	if err != nil {
		return err
	}
	clients := x509.NewCertPool()
	clients.AddCert(cas.client.Cert)
	clients.AddCert(cas.requestHeader.Cert)
	mux := http.NewServeMux()
	mux.Handle("/", api)
	mux.HandleFunc("GET /cacerts", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(cas.server.PEM()) })
	mux.HandleFunc("GET /ping", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "pong") })
	join := func(handle func(http.ResponseWriter, *http.Request)) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			_, password, _ := r.BasicAuth()
			if subtle.ConstantTimeCompare(digest(password), digest(token.Password)) != 1 {
				http.Error(w, "not authorized", http.StatusUnauthorized)
				return
			}
			handle(w, r)
		}
	}
	mux.HandleFunc("GET /v1-k3s/client-ca.crt", join(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(cas.client.PEM()) }))
	mux.HandleFunc("GET /v1-k3s/config", join(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(clusterConfig{o.clusterCIDR, o.clusterDNS, o.domain})
	}))
	mux.HandleFunc("POST /v1-k3s/{file}", join(func(w http.ResponseWriter, r *http.Request) { sign(w, r, cas) }))

	listener, err := net.Listen("tcp", fmt.Sprintf(":%d", supervisorPort))
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler: mux,
		// Who a client is, the API server finds out; it needs the certificate that came with the connection.
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{serving}, ClientAuth: tls.RequestClientCert, ClientCAs: clients, MinVersion: tls.VersionTLS12},
		ReadHeaderTimeout: 30 * time.Second,
	}
	background(ctx, failed, "supervisor", func() error { return server.ServeTLS(listener, "", "") })
	return nil
}

func digest(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

// agentLeaf says what an agent's certificate is for. Each file's name is k3s'.
func agentLeaf(file, node string, addresses []net.IP) (leaf pki.Leaf, serving, ok bool) {
	client := x509.ExtKeyUsageClientAuth
	switch file {
	case "client-kubelet.crt":
		return pki.Leaf{Name: "system:node:" + node, Organizations: []string{"system:nodes"}, Usage: client}, false, true
	case "client-kube-proxy.crt":
		return pki.Leaf{Name: "system:kube-proxy", Usage: client}, false, true
	case "client-k3s-controller.crt":
		return pki.Leaf{Name: "system:k3s-controller", Usage: client}, false, true
	case "serving-kubelet.crt":
		addresses = append([]net.IP{net.IPv4(127, 0, 0, 1)}, addresses...)
		return pki.Leaf{Name: node, Usage: x509.ExtKeyUsageServerAuth, Names: []string{node, "localhost"}, Addresses: addresses}, true, true
	}
	return pki.Leaf{}, false, false
}

// sign answers an agent's request for a certificate.
func sign(w http.ResponseWriter, r *http.Request, cas *authorities) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 64<<10))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var addresses []net.IP
	if ip := net.ParseIP(r.Header.Get("K3s-Node-IP")); ip != nil {
		addresses = append(addresses, ip)
	}
	leaf, serving, ok := agentLeaf(r.PathValue("file"), r.Header.Get("K3s-Node-Name"), addresses)
	block, _ := pem.Decode(body)
	if !ok || block == nil {
		http.NotFound(w, r)
		return
	}
	request, err := x509.ParseCertificateRequest(block.Bytes)
	if err == nil {
		err = request.CheckSignature()
	}
	ca := cas.client
	if serving {
		ca = cas.server
	}
	var issued []byte
	if err == nil {
		issued, err = ca.Issue(request.PublicKey, leaf, time.Now())
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	_, _ = w.Write(issued)
}

// join fetches what an agent needs of its server and writes it under agent/. It asks again at each start: so an agent's certificates are renewed by
// its restart, as k3s documents. Keys stay.
func join(ctx context.Context, o *options, server string) (*clusterConfig, error) {
	token, err := pki.ParseToken(o.token)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(agentDir, 0o700); err != nil {
		return nil, err
	}
	// The authority comes over a connection that nobody vouches for; a secure token vouches for it.
	blind := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	authority, err := request(ctx, blind, http.MethodGet, server+"/cacerts", nil, nil)
	if err != nil {
		return nil, err
	}
	if token.CAHash != "" && token.CAHash != pki.CAHash(authority) {
		return nil, fmt.Errorf("the token is for another cluster: the authority of %s has not its hash", server)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	who := func(r *http.Request) {
		r.SetBasicAuth(token.User, token.Password)
		r.Header.Set("K3s-Node-Name", o.nodeName)
		r.Header.Set("K3s-Node-IP", o.nodeIP.String())
	}
	get := func(path string) ([]byte, error) {
		return request(ctx, client, http.MethodGet, server+"/v1-k3s/"+path, nil, who)
	}
	clientCA, err := get("client-ca.crt")
	if err != nil {
		return nil, err
	}
	told, err := get("config")
	if err != nil {
		return nil, err
	}
	cluster := &clusterConfig{}
	if err := json.Unmarshal(told, cluster); err != nil {
		return nil, err
	}
	files := map[string][]byte{"server-ca.crt": authority, "client-ca.crt": clientCA}
	for _, name := range agentCerts {
		key, err := pki.KeyAt(filepath.Join(agentDir, name+".key"))
		if err != nil {
			return nil, err
		}
		der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
		if err != nil {
			return nil, err
		}
		body := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})
		issued, err := request(ctx, client, http.MethodPost, server+"/v1-k3s/"+name+".crt", body, who)
		if err != nil {
			return nil, err
		}
		files[name+".crt"] = issued
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(agentDir, name), text, 0o600); err != nil {
			return nil, err
		}
	}
	for name, cert := range map[string]string{"kubelet": "client-kubelet", "kubeproxy": "client-kube-proxy", "k3scontroller": "client-k3s-controller"} {
		if err := writeKubeconfig(agentDir+"/"+name+".kubeconfig", apiPort, agentDir+"/server-ca.crt", agentDir+"/"+cert); err != nil {
			return nil, err
		}
	}
	return cluster, nil
}

var agentCerts = []string{"client-kubelet", "client-kube-proxy", "client-k3s-controller", "serving-kubelet"}

// joinPatiently asks until the server answers, every five seconds as k3s does.
func joinPatiently(ctx context.Context, o *options, server string) (*clusterConfig, error) {
	for {
		cluster, err := join(ctx, o, server)
		if err == nil {
			return cluster, nil
		}
		klog.Errorf("Failed to join %s: %v", server, err)
		if err := pause(ctx, 5*time.Second); err != nil {
			return nil, err
		}
	}
}

func request(ctx context.Context, client *http.Client, method, url string, body []byte, prepare func(*http.Request)) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if prepare != nil {
		prepare(r)
	}
	response, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s: %s", method, url, response.Status)
	}
	return text, err
}

// balance passes connections to the API's port on loopback on to the server, as an agent's client load balancer does.
func balance(ctx context.Context, server string, failed chan<- error) error {
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", apiPort))
	if err != nil {
		return err
	}
	address := strings.TrimPrefix(server, "https://")
	background(ctx, failed, "load balancer", func() error {
		for {
			from, err := listener.Accept()
			if err != nil {
				return err
			}
			go func() {
				defer from.Close()
				to, err := net.DialTimeout("tcp", address, 10*time.Second)
				if err != nil {
					return
				}
				defer to.Close()
				go func() {
					_, _ = io.Copy(to, from)
					_ = to.Close()
				}()
				_, _ = io.Copy(from, to)
			}()
		}
	})
	return nil
}
