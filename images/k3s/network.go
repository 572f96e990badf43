package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/flannel-io/flannel/pkg/backend"
	_ "github.com/flannel-io/flannel/pkg/backend/vxlan" // registers itself
	"github.com/flannel-io/flannel/pkg/ip"
	"github.com/flannel-io/flannel/pkg/ipmatch"
	"github.com/flannel-io/flannel/pkg/subnet/kube"
	"github.com/flannel-io/flannel/pkg/trafficmngr/iptables"
	"k8s.io/klog/v2"
)

const (
	flannelConfig = agentDir + "/etc/flannel/net-conf.json"
	subnetFile    = "/run/flannel/subnet.env"
	cniConfig     = `{
  "name": "cbr0",
  "cniVersion": "1.0.0",
  "plugins": [
    { "type": "flannel", "delegate": { "hairpinMode": true, "forceAddress": true, "isDefaultGateway": true } },
    { "type": "portmap", "capabilities": { "portMappings": true } },
    { "type": "bandwidth", "capabilities": { "bandwidth": true } }
  ]
}
`
)

// writeNetwork writes flannel's and the runtime's network configuration.
func writeNetwork(clusterCIDR string) error {
	if err := writeFile(cniConfDir+"/10-flannel.conflist", []byte(cniConfig)); err != nil {
		return err
	}
	return writeFile(flannelConfig, fmt.Appendf(nil, `{"Network":%q,"EnableIPv4":true,"EnableIPv6":false,"Backend":{"Type":"vxlan"}}`+"\n", clusterCIDR))
}

// runFlannel does what flanneld does, in this process, until the context ends. It tries again until the node has its subnet and the API lets it watch
// nodes; a network that ends after that ends k3s, which systemd starts again (pkg/agent/flannel/setup.go: RequestShutdown).
func runFlannel(ctx context.Context, o *options) error {
	if err := os.Setenv("NODE_NAME", o.nodeName); err != nil {
		return err
	}
	for {
		attempt, cancel := context.WithCancel(ctx)
		registered, err := flannel(attempt, o)
		cancel()
		if ctx.Err() != nil {
			return nil
		}
		if registered {
			return fmt.Errorf("flannel exited: %w", err)
		}
		klog.Warningf("flannel: %v", err)
		if err := pause(ctx, time.Second); err != nil {
			return nil
		}
	}
}

// flannel runs the node's network until it ends, and tells whether there was one.
func flannel(ctx context.Context, o *options) (registered bool, err error) {
	manager, err := kube.NewSubnetManager(ctx, "", agentDir+"/k3scontroller.kubeconfig", "flannel.alpha.coreos.com", flannelConfig, false)
	if err != nil {
		return false, err
	}
	config, err := manager.GetNetworkConfig(ctx)
	if err != nil {
		return false, err
	}
	stack, err := ipmatch.GetIPFamily(true, false)
	if err != nil {
		return false, err
	}
	iface, err := ipmatch.LookupExtIface(o.nodeIP.String(), "", "", stack, ipmatch.PublicIPOpts{})
	if err != nil {
		return false, err
	}
	vxlan, err := backend.NewManager(ctx, manager, iface).GetBackend(config.BackendType)
	if err != nil {
		return false, err
	}
	var running sync.WaitGroup
	network, err := vxlan.RegisterNetwork(ctx, &running, config)
	if err != nil {
		return false, err
	}
	rules := &iptables.IPTablesManager{}
	if err := rules.Init(ctx); err != nil {
		return true, err
	}
	// As flanneld --ip-masq; rules that are gone come back within the period, in seconds.
	const resync = 5
	none := ip.IP4Net{}
	if err := rules.SetupAndEnsureMasqRules(ctx, config.Network, none, none, ip.IP6Net{}, ip.IP6Net{}, ip.IP6Net{}, network.Lease(), resync, false); err != nil {
		return true, err
	}
	rules.SetupAndEnsureForwardRules(ctx, config.Network, ip.IP6Net{}, resync)
	lease := network.Lease()
	if err := manager.HandleSubnetFile(subnetFile, config, true, lease.Subnet, lease.IPv6Subnet, network.MTU()); err != nil {
		return true, err
	}
	klog.Infof("flannel: %s has %s", o.nodeName, lease.Subnet)
	network.Run(ctx)
	running.Wait()
	return true, errors.New("the network ended")
}
