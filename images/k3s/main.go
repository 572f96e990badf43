// Command k3s is a stand-in for k3s: one program of the same name, command line and paths, made of the same upstream parts. Kubernetes'
// components, flannel and kine on SQLite run in this one process, containerd as its child. It is used where the real k3s cannot be
// had, and says what it is in everything that it prints.
//
// What it does is the parts' doing, except where a comment names k3s' own documentation or sources for it. It has no cloud controller, no
// service load balancer, no Helm, no embedded etcd, no network policy controller and no tunnel to the agents: the API server reaches a kubelet by
// the node's address.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"k8s.io/component-base/version"
	"k8s.io/klog/v2"
)

const (
	self = "k3s (stand-in)"
	// Where k3s keeps everything (docs.k3s.io, "k3s server", --data-dir; here it cannot be moved).
	dataDir   = "/var/lib/rancher/k3s"
	serverDir = dataDir + "/server"
	agentDir  = dataDir + "/agent"
	tlsDir    = serverDir + "/tls"
	credDir   = serverDir + "/cred"
	binDir    = dataDir + "/data/current/bin"
	cniBinDir = dataDir + "/data/cni"

	configFile     = "/etc/rancher/k3s/config.yaml"
	kubeconfigFile = "/etc/rancher/k3s/k3s.yaml"
	socket         = "/run/k3s/containerd/containerd.sock"

	supervisorPort = 6443
	apiPort        = 6444
)

func main() {
	args := os.Args[1:]
	switch called := filepath.Base(os.Args[0]); called {
	case "kubectl", "crictl", "ctr": // what k3s' installer links to it
		args = append([]string{called}, args...)
	}
	// What it calls itself, below.
	if _, role, ok := strings.Cut(filepath.Base(os.Args[0]), " "); ok {
		args = append([]string{role}, args...)
	}
	if err := run(args); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", self, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return usage(os.Stderr, 1)
	}
	switch args[0] {
	case "server", "agent":
		o, err := parse(args[0], args[1:])
		if err != nil {
			return err
		}
		if err := callItself(args); err != nil {
			return err
		}
		return serve(o)
	case "kubectl":
		return kubectl(args[1:])
	case "crictl", "ctr":
		return tool(args[0], args[1:])
	case "certificate":
		return certificate(args[1:])
	case "etcd-snapshot":
		// As k3s itself: snapshots are of embedded etcd, and this datastore is SQLite (docs.k3s.io, "Backup and Restore").
		return fmt.Errorf("etcd-snapshot needs embedded etcd; this datastore is SQLite: stop k3s and copy %s/db", serverDir)
	case "--version", "-v":
		fmt.Printf("%s version %s\ngo version %s\n", self, version.Get().GitVersion, runtime.Version())
		return nil
	case "--help", "-h", "help":
		return usage(os.Stdout, 0)
	}
	return fmt.Errorf("there is no command %q here; `k3s --help` lists them", args[0])
}

// callItself starts the program over, in the same process, with its role in its title, as k3s has it there (SetProcTitle in its pkg/cli/server/server.go):
// `pidof` goes by the name that the kernel knows, k3s-server or k3s-agent, only where a title has a space in it.
func callItself(args []string) error {
	if strings.Contains(filepath.Base(os.Args[0]), " ") {
		return nil
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return syscall.Exec(self, append([]string{os.Args[0] + " " + args[0]}, args[1:]...), os.Environ())
}

func usage(to *os.File, code int) error {
	fmt.Fprintf(to, "%s %s\n\nusage: k3s server|agent|kubectl|crictl|ctr|certificate rotate|certificate check|etcd-snapshot|--version\n",
		self, version.Get().GitVersion)
	os.Exit(code)
	return nil
}

// serve runs a server or an agent until it is told to stop. Pods are not stopped: their shims are no children of this process, and the unit
// that the installer writes kills nothing but this process (KillMode=process).
func serve(o *options) error {
	if os.Geteuid() != 0 {
		return fmt.Errorf("%s must be run as root", o.role)
	}
	// The names that k3s gives to its processes, by which they are found.
	if err := os.WriteFile("/proc/self/comm", []byte("k3s-"+o.role), 0); err != nil {
		return err
	}
	// Upstream's commands each install the one signal handler; this is the only one here.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	// Both the API server and the kubelet would tell systemd that this unit is ready.
	systemd := os.Getenv("NOTIFY_SOCKET")
	_ = os.Unsetenv("NOTIFY_SOCKET")
	klog.Infof("Starting %s %s %s", self, o.role, version.Get().GitVersion)
	failed := make(chan error, 16)
	if o.role == "server" {
		if err := startServer(ctx, o, failed); err != nil {
			return err
		}
	}
	if err := startAgent(ctx, o, failed); err != nil {
		return err
	}
	klog.Infof("%s is up and running", self)
	notify(systemd)
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		klog.Infof("%s was told to stop", self)
		return nil
	}
}

// background runs a part that must not end while the program runs; where it does, the program ends and systemd starts it again.
func background(ctx context.Context, failed chan<- error, part string, work func() error) {
	go func() {
		if err := work(); ctx.Err() == nil {
			failed <- fmt.Errorf("%s exited: %v", part, err)
		}
	}()
}
