package main

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"firedrill.example/images/k3s/pki"
	"github.com/k3s-io/kine/pkg/endpoint"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/klog/v2"
	utilsnet "k8s.io/utils/net"
)

// authorities are the three that sign for a cluster.
type authorities struct{ client, server, requestHeader *pki.Authority }

// startServer starts the datastore, the control plane and the supervisor, and returns when the API answers.
func startServer(ctx context.Context, o *options, failed chan<- error) error {
	for _, dir := range []string{tlsDir, credDir, serverDir + "/db", serverDir + "/manifests", filepath.Dir(kubeconfigFile)} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	plane, err := newControlPlane()
	if err != nil {
		return err
	}
	cas, err := certificates(o, time.Now())
	if err != nil {
		return err
	}
	if err := ensureToken(o, cas.server); err != nil {
		return err
	}
	if err := writeKubeconfigs(o); err != nil {
		return err
	}
	datastore, err := endpoint.Listen(ctx, endpoint.Config{
		Listener: "unix://" + serverDir + "/kine.sock",
		// kine's own default, at the path that k3s documents.
		Endpoint:         "sqlite://" + serverDir + "/db/state.db?_journal=WAL&cache=shared&_busy_timeout=30000&_txlock=immediate",
		NotifyInterval:   5 * time.Second,
		CompactInterval:  5 * time.Minute,
		CompactTimeout:   5 * time.Second,
		CompactMinRetain: 1000,
		CompactBatchSize: 1000,
		PollBatchSize:    500,
		// What the API server asks of an etcd before it uses a feature.
		EmulatedETCDVersion: "3.5.13",
	})
	if err != nil {
		return fmt.Errorf("kine: %w", err)
	}
	apiFlags, controllerFlags, schedulerFlags := serverArgs(o, datastore)
	if err := plane.parse(apiFlags, controllerFlags, schedulerFlags); err != nil {
		return err
	}
	handler, err := plane.startAPI(ctx, failed)
	if err != nil {
		return fmt.Errorf("kube-apiserver: %w", err)
	}
	if err := startSupervisor(ctx, o, cas, handler, failed); err != nil {
		return err
	}
	client, err := adminClient(ctx)
	if err != nil {
		return err
	}
	if err := plane.startControllers(ctx, failed); err != nil {
		return err
	}
	if err := startDeploy(ctx, o); err != nil {
		return err
	}
	go keepNodes(ctx, client, o)
	return nil
}

// certificates makes and renews what lies in server/tls. Names and subjects are those that `k3s certificate check` lists.
func certificates(o *options, now time.Time) (*authorities, error) {
	cas := &authorities{}
	for name, ca := range map[string]**pki.Authority{"client": &cas.client, "server": &cas.server, "request-header": &cas.requestHeader} {
		made, err := pki.Load(tlsDir, name+"-ca", "k3s-"+name+"-ca", now)
		if err != nil {
			return nil, err
		}
		*ca = made
	}
	if _, err := pki.KeyAt(tlsDir + "/service.key"); err != nil {
		return nil, err
	}
	client := x509.ExtKeyUsageClientAuth
	leaves := []struct {
		file string
		ca   *pki.Authority
		leaf pki.Leaf
	}{
		{"client-admin", cas.client, pki.Leaf{Name: "system:admin", Organizations: []string{"system:masters"}, Usage: client}},
		{"client-supervisor", cas.client, pki.Leaf{Name: "system:k3s-supervisor", Organizations: []string{"system:masters"}, Usage: client}},
		{"client-controller", cas.client, pki.Leaf{Name: "system:kube-controller-manager", Usage: client}},
		{"client-scheduler", cas.client, pki.Leaf{Name: "system:kube-scheduler", Usage: client}},
		{"client-kube-apiserver", cas.client, pki.Leaf{Name: "kube-apiserver", Usage: client}},
		{"client-auth-proxy", cas.requestHeader, pki.Leaf{Name: "system:auth-proxy", Usage: client}},
		{"serving-kube-apiserver", cas.server, servingLeaf(o)},
	}
	for _, one := range leaves {
		wrote, err := one.ca.Ensure(tlsDir, one.file, one.leaf, now)
		if err != nil {
			return nil, err
		}
		if wrote {
			klog.Infof("certificate %s signed by %s", one.leaf.Name, one.ca.Cert.Subject.CommonName)
		}
	}
	return cas, nil
}

func servingLeaf(o *options) pki.Leaf {
	leaf := pki.Leaf{Name: "kube-apiserver", Usage: x509.ExtKeyUsageServerAuth}
	_, services, err := net.ParseCIDR(o.serviceCIDR)
	leaf.Addresses = []net.IP{net.IPv4(127, 0, 0, 1), o.nodeIP}
	if err == nil {
		if first, err := utilsnet.GetIndexedIP(services, 1); err == nil {
			leaf.Addresses = append(leaf.Addresses, first)
		}
	}
	leaf.Names = []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc." + o.domain, o.nodeName}
	for _, san := range o.tlsSANs {
		if ip := net.ParseIP(san); ip != nil {
			leaf.Addresses = append(leaf.Addresses, ip)
		} else {
			leaf.Names = append(leaf.Names, san)
		}
	}
	return leaf
}

// ensureToken makes server/token, and sets the token that the server's own agent joins with.
func ensureToken(o *options, server *pki.Authority) error {
	file := serverDir + "/token"
	token := pki.Token{User: "server"}
	if text, err := os.ReadFile(file); err == nil {
		if token, err = pki.ParseToken(string(text)); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	} else if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if o.token != "" {
		given, err := pki.ParseToken(o.token)
		if err != nil {
			return err
		}
		if token.Password != "" && token.Password != given.Password {
			return errors.New("the token is not the one that this datastore was made with")
		}
		token.Password = given.Password
	}
	if token.Password == "" {
		random := make([]byte, 16)
		if _, err := rand.Read(random); err != nil {
			return err
		}
		token.Password = hex.EncodeToString(random)
	}
	token.CAHash = pki.CAHash(server.PEM())
	o.token = token.String()
	if err := os.WriteFile(file, []byte(o.token+"\n"), 0o600); err != nil {
		return err
	}
	for _, link := range []string{"node-token", "agent-token"} {
		_ = os.Remove(serverDir + "/" + link)
		if err := os.Symlink(file, serverDir+"/"+link); err != nil {
			return err
		}
	}
	return nil
}

// writeKubeconfigs writes those of server/cred, and the administrator's with its certificates inside it, at each start.
func writeKubeconfigs(o *options) error {
	for name, cert := range map[string]string{
		"admin": "client-admin", "supervisor": "client-supervisor", "controller": "client-controller", "scheduler": "client-scheduler",
	} {
		if err := writeKubeconfig(credDir+"/"+name+".kubeconfig", apiPort, tlsDir+"/server-ca.crt", tlsDir+"/"+cert); err != nil {
			return err
		}
	}
	mode, err := strconv.ParseUint(o.kubeconfigMode, 8, 32)
	if err != nil {
		return fmt.Errorf("--write-kubeconfig-mode: %w", err)
	}
	config := kubeconfig(supervisorPort, tlsDir+"/server-ca.crt", tlsDir+"/client-admin")
	if err := clientcmdapi.FlattenConfig(config); err != nil {
		return err
	}
	file := kubeconfigFile
	if o.kubeconfigOutput != "" {
		file = o.kubeconfigOutput
	}
	if err := clientcmd.WriteToFile(*config, file); err != nil {
		return err
	}
	if err := os.Chmod(file, os.FileMode(mode)); err != nil || file == kubeconfigFile {
		return err
	}
	// As k3s does (writeConfigSymlink in its pkg/server/server.go), so that `k3s kubectl` finds it.
	return link(file, kubeconfigFile)
}

// serverArgs are the flags of API server, controller manager and scheduler; which ones k3s sets is in its pkg/daemons/control/server.go.
func serverArgs(o *options, datastore endpoint.ETCDConfig) (api, controllers, scheduling []string) {
	leaderElect := strconv.FormatBool(datastore.LeaderElect) // no election on SQLite: there is one server
	api = flags(map[string]string{
		"advertise-address":                  o.nodeIP.String(),
		"allow-privileged":                   "true",
		"anonymous-auth":                     "false",
		"api-audiences":                      "https://kubernetes.default.svc." + o.domain + ",k3s",
		"authorization-mode":                 "Node,RBAC",
		"bind-address":                       "127.0.0.1",
		"cert-dir":                           tlsDir + "/temporary-certs",
		"client-ca-file":                     tlsDir + "/client-ca.crt",
		"enable-admission-plugins":           "NodeRestriction",
		"etcd-servers":                       strings.Join(datastore.Endpoints, ","),
		"kubelet-certificate-authority":      tlsDir + "/server-ca.crt",
		"kubelet-client-certificate":         tlsDir + "/client-kube-apiserver.crt",
		"kubelet-client-key":                 tlsDir + "/client-kube-apiserver.key",
		"kubelet-preferred-address-types":    "InternalIP,ExternalIP,Hostname",
		"profiling":                          "false",
		"proxy-client-cert-file":             tlsDir + "/client-auth-proxy.crt",
		"proxy-client-key-file":              tlsDir + "/client-auth-proxy.key",
		"requestheader-allowed-names":        "system:auth-proxy",
		"requestheader-client-ca-file":       tlsDir + "/request-header-ca.crt",
		"requestheader-extra-headers-prefix": "X-Remote-Extra-",
		"requestheader-group-headers":        "X-Remote-Group",
		"requestheader-username-headers":     "X-Remote-User",
		"secure-port":                        strconv.Itoa(apiPort),
		"service-account-issuer":             "https://kubernetes.default.svc." + o.domain,
		"service-account-key-file":           tlsDir + "/service.key",
		"service-account-signing-key-file":   tlsDir + "/service.key",
		"service-cluster-ip-range":           o.serviceCIDR,
		"service-node-port-range":            "30000-32767",
		"storage-backend":                    "etcd3",
		"tls-cert-file":                      tlsDir + "/serving-kube-apiserver.crt",
		"tls-private-key-file":               tlsDir + "/serving-kube-apiserver.key",
	}, o.apiArgs)
	config := credDir + "/controller.kubeconfig"
	own := map[string]string{
		"allocate-node-cidrs":              "true",
		"authentication-kubeconfig":        config,
		"authorization-kubeconfig":         config,
		"bind-address":                     "127.0.0.1",
		"cluster-cidr":                     o.clusterCIDR,
		"controllers":                      "*,tokencleaner",
		"kubeconfig":                       config,
		"leader-elect":                     leaderElect,
		"profiling":                        "false",
		"root-ca-file":                     tlsDir + "/server-ca.crt",
		"secure-port":                      "10257",
		"service-account-private-key-file": tlsDir + "/service.key",
		"service-cluster-ip-range":         o.serviceCIDR,
		"use-service-account-credentials":  "true",
	}
	for purpose, ca := range map[string]string{
		"kube-apiserver-client": "client-ca", "kubelet-client": "client-ca", "kubelet-serving": "server-ca", "legacy-unknown": "server-ca",
	} {
		own["cluster-signing-"+purpose+"-cert-file"] = tlsDir + "/" + ca + ".crt"
		own["cluster-signing-"+purpose+"-key-file"] = tlsDir + "/" + ca + ".key"
	}
	controllers = flags(own, o.controllerArgs)
	config = credDir + "/scheduler.kubeconfig"
	scheduling = flags(map[string]string{
		"authentication-kubeconfig": config,
		"authorization-kubeconfig":  config,
		"bind-address":              "127.0.0.1",
		"kubeconfig":                config,
		"leader-elect":              leaderElect,
		"profiling":                 "false",
		"secure-port":               "10259",
	}, o.schedulerArgs)
	return api, controllers, scheduling
}

// adminClient waits until the API server is ready.
func adminClient(ctx context.Context) (kubernetes.Interface, error) {
	config, err := clientcmd.BuildConfigFromFlags("", credDir+"/supervisor.kubeconfig")
	if err != nil {
		return nil, err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	for {
		var status int
		client.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).StatusCode(&status)
		if status == http.StatusOK {
			return client, nil
		}
		if err := pause(ctx, 200*time.Millisecond); err != nil {
			return nil, err
		}
	}
}

// pause waits, or ends with the context's error.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
