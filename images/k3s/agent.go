package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"k8s.io/klog/v2"
)

// startAgent joins the server and starts what runs on every node: containerd, the kubelet, kube-proxy and flannel.
func startAgent(ctx context.Context, o *options, failed chan<- error) error {
	server := o.server
	if o.role == "server" {
		server = fmt.Sprintf("https://127.0.0.1:%d", supervisorPort)
	} else if err := balance(ctx, server, failed); err != nil {
		return err
	}
	if err := unpack(); err != nil {
		return err
	}
	cluster, err := joinPatiently(ctx, o, server)
	if err != nil {
		return err
	}
	setKernel()
	// Written at each start, whatever is there: pkg/agent/flannel/setup.go of k3s (Prepare, createCNIConf), called from pkg/agent/run.go.
	if err := writeNetwork(cluster.ClusterCIDR); err != nil {
		return err
	}
	if err := startContainerd(ctx, failed); err != nil {
		return err
	}
	if err := importImages(ctx); err != nil {
		return err
	}
	if err := startKubelet(ctx, kubeletArgs(o, cluster), failed); err != nil {
		return fmt.Errorf("kubelet: %w", err)
	}
	if err := startProxy(ctx, flags(map[string]string{
		"cluster-cidr":                      cluster.ClusterCIDR,
		"conntrack-max-per-core":            "0",
		"conntrack-tcp-timeout-close-wait":  "0s",
		"conntrack-tcp-timeout-established": "0s",
		"healthz-bind-address":              "127.0.0.1",
		"hostname-override":                 o.nodeName,
		"kubeconfig":                        agentDir + "/kubeproxy.kubeconfig",
		"proxy-mode":                        "iptables",
	}, o.proxyArgs), failed); err != nil {
		return fmt.Errorf("kube-proxy: %w", err)
	}
	background(ctx, failed, "flannel", func() error { return runFlannel(ctx, o) })
	return nil
}

// kubeletArgs are the kubelet's flags; which ones k3s sets is in its pkg/daemons/agent/agent_linux.go.
func kubeletArgs(o *options, cluster *clusterConfig) []string {
	own := map[string]string{
		"address":                      "0.0.0.0",
		"anonymous-auth":               "false",
		"authentication-token-webhook": "true",
		"authorization-mode":           "Webhook",
		"cgroup-driver":                "cgroupfs",
		"client-ca-file":               agentDir + "/client-ca.crt",
		"cluster-dns":                  cluster.ClusterDNS,
		"cluster-domain":               cluster.ClusterDomain,
		"container-runtime-endpoint":   "unix://" + socket,
		"eviction-hard":                "imagefs.available<5%,nodefs.available<5%",
		"eviction-minimum-reclaim":     "imagefs.available=10%,nodefs.available=10%",
		"fail-swap-on":                 "false",
		"healthz-bind-address":         "127.0.0.1",
		"hostname-override":            o.nodeName,
		"kubeconfig":                   agentDir + "/kubelet.kubeconfig",
		"node-ip":                      o.nodeIP.String(),
		"pod-manifest-path":            agentDir + "/pod-manifests",
		"read-only-port":               "0",
		"resolv-conf":                  o.resolvConf,
		"serialize-image-pulls":        "false",
		"tls-cert-file":                agentDir + "/serving-kubelet.crt",
		"tls-private-key-file":         agentDir + "/serving-kubelet.key",
	}
	if underSystemd() {
		own["cgroup-driver"] = "systemd"
	}
	if group := ownCgroup(); group != "" {
		own["kubelet-cgroups"], own["runtime-cgroups"] = group, group
	}
	if len(o.nodeLabels) > 0 {
		own["node-labels"] = strings.Join(o.nodeLabels, ",")
	}
	if len(o.nodeTaints) > 0 {
		own["register-with-taints"] = strings.Join(o.nodeTaints, ",")
	}
	_ = os.MkdirAll(own["pod-manifest-path"], 0o700)
	return flags(own, o.kubeletArgs)
}

// underSystemd is how k3s decides for systemd's control groups (pkg/agent/containerd/config_linux.go).
func underSystemd() bool { return os.Getenv("INVOCATION_ID") != "" }

// ownCgroup is where the kubelet is to count this process: this unit's control group as systemd names it; in a container, where process 1 is in a
// group that is nobody's slice, one of its own, as k3s chooses it (CheckCgroups in its pkg/cgroups/cgroups_linux.go).
func ownCgroup() string {
	if underSystemd() {
		return systemdGroup("/proc/self/cgroup")
	}
	if group := systemdGroup("/proc/1/cgroup"); group == "" || group == "/" || group == "/init.scope" {
		return ""
	}
	return "/k3s"
}

// systemdGroup is a process' group in the hierarchy that systemd uses, or in the only one.
func systemdGroup(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	for _, line := range strings.Split(string(text), "\n") {
		parts := strings.SplitN(line, ":", 3)
		if len(parts) == 3 && (parts[1] == "name=systemd" || parts[0] == "0") {
			return parts[2]
		}
	}
	return ""
}

// setKernel sets what k3s sets (pkg/agent/syssetup); what the machine does not allow is left as it is.
func setKernel() {
	for name, value := range map[string]string{
		"net/ipv4/conf/all/forwarding": "1", "net/ipv4/conf/default/forwarding": "1", "net/bridge/bridge-nf-call-iptables": "1",
	} {
		if err := os.WriteFile("/proc/sys/"+name, []byte(value), 0o644); err != nil {
			klog.Warningf("sysctl %s: %v", name, err)
		}
	}
}

// notify tells systemd, where it waits for it (Type=notify), that this unit is ready.
func notify(address string) {
	if address == "" {
		return
	}
	connection, err := net.Dial("unixgram", address)
	if err != nil {
		klog.Warningf("telling systemd: %v", err)
		return
	}
	defer connection.Close()
	_, _ = connection.Write([]byte("READY=1"))
}

// unpack puts the programs that come with k3s where k3s unpacks them to from its binary. Here they lie beside the program's payload in the image, and
// are linked to. As there (extract in cmd/k3s/main.go) what has been unpacked once is not looked at again: links to plug-ins that were deleted stay so.
func unpack() error {
	const payload = "/usr/local/lib/k3s/bin"
	dir := dataDir + "/data/" + payloadName
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		if err := unpackTo(dir, payload); err != nil {
			return err
		}
	} else if err != nil {
		return err
	}
	return os.Setenv("PATH", binDir+":"+os.Getenv("PATH"))
}

// cniPlugins are the links to its one program for all of them that k3s makes in its folder of plug-ins.
var cniPlugins = map[string]bool{"bandwidth": true, "bridge": true, "flannel": true, "host-local": true, "loopback": true, "portmap": true}

func unpackTo(dir, payload string) error {
	entries, err := os.ReadDir(payload)
	if err != nil {
		return err
	}
	// Renamed into its place when it is whole, as there.
	partial := dir + "-tmp"
	if err := os.RemoveAll(partial); err != nil {
		return err
	}
	for _, folder := range []string{partial + "/bin", cniBinDir} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
	}
	for _, entry := range entries {
		if err := os.Symlink(filepath.Join(payload, entry.Name()), partial+"/bin/"+entry.Name()); err != nil {
			return err
		}
	}
	if err := os.Rename(partial, dir); err != nil {
		return err
	}
	for _, entry := range entries {
		if name := entry.Name(); cniPlugins[name] {
			if err := link(dir+"/bin/"+name, filepath.Join(cniBinDir, name)); err != nil {
				return err
			}
		}
	}
	return link(dir, dataDir+"/data/current")
}

const payloadName = "stand-in"

func link(to, at string) error {
	if now, err := os.Readlink(at); err == nil && now == to {
		return nil
	}
	_ = os.Remove(at)
	return os.Symlink(to, at)
}

// waitFor asks until it is so, or the time is over.
func waitFor(ctx context.Context, what string, limit time.Duration, so func() bool) error {
	for end := time.Now().Add(limit); !so(); {
		if time.Now().After(end) {
			return fmt.Errorf("%s: not within %s", what, strconv.FormatFloat(limit.Seconds(), 'f', 0, 64)+" s")
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}
