package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"text/template"
	"time"

	"k8s.io/klog/v2"
)

const (
	containerdDir    = agentDir + "/containerd"
	crictlConfig     = agentDir + "/etc/crictl.yaml"
	containerdConfig = agentDir + "/etc/containerd/config.toml"
	cniConfDir       = agentDir + "/etc/cni/net.d"
)

// containerdTemplate is used where there is no config-v3.toml.tmpl and no config.toml.tmpl beside the configuration (docs.k3s.io, "Configuring
// containerd"). A template of the user's sees these fields, and not k3s' own structure.
const containerdTemplate = `# Written by {{ .Program }} at each start. Use config-v3.toml.tmpl to change it.
version = 3

[plugins.'io.containerd.grpc.v1.cri']
  stream_server_address = "127.0.0.1"
  stream_server_port = "10010"

[plugins.'io.containerd.cri.v1.images']
  snapshotter = "overlayfs"
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = "{{ .Sandbox }}"

[plugins.'io.containerd.cri.v1.runtime']
  enable_unprivileged_ports = true
  enable_unprivileged_icmp = true
  restrict_oom_score_adj = {{ .RestrictOOM }}
[plugins.'io.containerd.cri.v1.runtime'.cni]
  bin_dirs = ["{{ .CNIBin }}"]
  conf_dir = "{{ .CNIConf }}"
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
  SystemdCgroup = {{ .SystemdCgroup }}
`

// The images that the stand-in's node holds; k3s' own names are rancher/mirrored-pause and rancher/mirrored-coredns-coredns.
var sandboxImage, corednsImage string

func writeContainerdConfig() error {
	text := containerdTemplate
	for _, name := range []string{"config.toml.tmpl", "config-v3.toml.tmpl"} {
		given, err := os.ReadFile(filepath.Join(filepath.Dir(containerdConfig), name))
		if err == nil {
			text = string(given)
		}
	}
	parsed, err := template.New("containerd").Parse(text)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := parsed.Execute(&out, map[string]any{
		"Program": self, "Sandbox": sandboxImage, "CNIBin": cniBinDir, "CNIConf": cniConfDir, "SystemdCgroup": underSystemd(),
		// k3s restricts it in a user namespace; a container may lack the capability as well.
		"RestrictOOM": !maySetOOM(),
	}); err != nil {
		return err
	}
	if err := writeFile(crictlConfig, []byte("runtime-endpoint: unix://"+socket+"\nimage-endpoint: unix://"+socket+"\n")); err != nil {
		return err
	}
	return writeFile(containerdConfig, out.Bytes())
}

// maySetOOM reports whether CAP_SYS_RESOURCE, bit 24, is there.
func maySetOOM() bool {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return false
	}
	for _, line := range strings.Split(string(status), "\n") {
		if hex, ok := strings.CutPrefix(line, "CapEff:"); ok {
			set, err := strconv.ParseUint(strings.TrimSpace(hex), 16, 64)
			return err == nil && set>>24&1 == 1
		}
	}
	return false
}

func writeFile(file string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o600)
}

// startContainerd starts it as a child that dies with this process (pkg/agent/containerd/command.go of k3s), and waits until it answers. The containers'
// shims live on.
func startContainerd(ctx context.Context, failed chan<- error) error {
	if err := writeContainerdConfig(); err != nil {
		return err
	}
	if err := os.MkdirAll(containerdDir, 0o700); err != nil {
		return err
	}
	log, err := os.OpenFile(containerdDir+"/containerd.log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	background(ctx, failed, "containerd", func() error {
		// The kernel watches the thread that started it, not the process.
		runtime.LockOSThread()
		defer log.Close()
		cmd := exec.Command(binDir+"/containerd", "-c", containerdConfig, "-a", socket, "--state", "/run/k3s/containerd", "--root", containerdDir)
		cmd.Stdout, cmd.Stderr = log, log
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		return cmd.Run()
	})
	// Not until its CRI answers (cri.WaitForService of k3s): a kubelet that asks while containerd takes up its containers again ends, and k3s with it.
	return waitFor(ctx, "containerd", 5*time.Minute, func() bool {
		connection, err := net.Dial("unix", socket)
		if err != nil {
			return false
		}
		_ = connection.Close()
		return exec.CommandContext(ctx, binDir+"/crictl", "--runtime-endpoint", "unix://"+socket, "version").Run() == nil
	})
}

// importImages imports the archives of agent/images at each start (docs.k3s.io, "Air-Gap Install").
func importImages(ctx context.Context) error {
	archives, err := filepath.Glob(agentDir + "/images/*.tar")
	if err != nil {
		return err
	}
	for _, archive := range archives {
		out, err := exec.CommandContext(ctx, binDir+"/ctr", "-a", socket, "-n", "k8s.io", "images", "import", archive).CombinedOutput()
		if err != nil {
			return fmt.Errorf("importing %s: %w: %s", archive, err, out)
		}
		klog.Infof("Imported images from %s", archive)
	}
	return nil
}

// tool becomes crictl or ctr, told where k3s' containerd listens.
func tool(name string, args []string) error {
	if err := unpack(); err != nil {
		return err
	}
	defaults := map[string]string{
		"CONTAINERD_ADDRESS":   socket,
		"CONTAINERD_NAMESPACE": "k8s.io",
		"CRI_CONFIG_FILE":      crictlConfig,
	}
	for variable, value := range defaults {
		if os.Getenv(variable) == "" {
			_ = os.Setenv(variable, value)
		}
	}
	return syscall.Exec(binDir+"/"+name, append([]string{name}, args...), os.Environ())
}
