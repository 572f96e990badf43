// Command flannel is the CNI plug-in of that name as far as k3s' configuration calls it: it asks the bridge plug-in for an interface in the
// subnet that flannel wrote down. Upstream's (github.com/flannel-io/cni-plugin) cannot be had where this stand-in is built.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/containernetworking/cni/pkg/invoke"
	"github.com/containernetworking/cni/pkg/skel"
	"github.com/containernetworking/cni/pkg/types"
	"github.com/containernetworking/cni/pkg/version"
)

const (
	subnetFile = "/run/flannel/subnet.env"
	// What was delegated, for the deletion: by then the subnet may be another.
	stateDir = "/var/lib/cni/flannel"
)

type netConf struct {
	types.NetConf
	Delegate map[string]any `json:"delegate"`
}

func main() {
	skel.PluginMainFuncs(skel.CNIFuncs{Add: add, Del: del, Check: func(*skel.CmdArgs) error { return nil }}, version.All, "CNI plug-in flannel of k3s (stand-in)")
}

func add(args *skel.CmdArgs) error {
	conf := netConf{}
	if err := json.Unmarshal(args.StdinData, &conf); err != nil {
		return err
	}
	env, err := subnet()
	if err != nil {
		return err
	}
	delegate, err := delegated(conf, env)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(stateDir, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(stateDir, args.ContainerID), delegate, 0o600); err != nil {
		return err
	}
	result, err := invoke.DelegateAdd(context.Background(), "bridge", delegate, nil)
	if err != nil {
		return err
	}
	return result.Print()
}

func del(args *skel.CmdArgs) error {
	file := filepath.Join(stateDir, args.ContainerID)
	delegate, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		return nil // nothing was made, or it is deleted
	} else if err != nil {
		return err
	}
	if err := invoke.DelegateDel(context.Background(), "bridge", delegate, nil); err != nil {
		return err
	}
	return os.Remove(file)
}

// delegated is the bridge plug-in's configuration.
func delegated(conf netConf, env map[string]string) ([]byte, error) {
	// The file names the gateway's address in the subnet.
	_, network, err := net.ParseCIDR(env["FLANNEL_SUBNET"])
	if err != nil {
		return nil, err
	}
	delegate := conf.Delegate
	if delegate == nil {
		delegate = map[string]any{}
	}
	delegate["name"], delegate["cniVersion"], delegate["type"] = conf.Name, conf.CNIVersion, "bridge"
	delegate["isGateway"] = true
	delegate["ipMasq"] = env["FLANNEL_IPMASQ"] != "true"
	delegate["mtu"] = json.Number(env["FLANNEL_MTU"])
	delegate["ipam"] = map[string]any{
		"type":   "host-local",
		"ranges": [][]map[string]string{{{"subnet": network.String()}}},
		"routes": []map[string]string{{"dst": env["FLANNEL_NETWORK"]}},
	}
	return json.Marshal(delegate)
}

func subnet() (map[string]string, error) {
	text, err := os.ReadFile(subnetFile)
	if err != nil {
		return nil, fmt.Errorf("flannel has not written its subnet yet: %w", err)
	}
	env := map[string]string{}
	for _, line := range strings.Split(string(text), "\n") {
		if name, value, ok := strings.Cut(line, "="); ok {
			env[name] = strings.TrimSpace(value)
		}
	}
	if env["FLANNEL_SUBNET"] == "" || env["FLANNEL_MTU"] == "" {
		return nil, fmt.Errorf("%s names no subnet", subnetFile)
	}
	return env, nil
}
