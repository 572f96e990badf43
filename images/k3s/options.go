package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/spf13/pflag"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"sigs.k8s.io/yaml"
)

// options are the flags of `k3s server` and `k3s agent` that the stand-in knows; their names and defaults are k3s'.
type options struct {
	role string

	server, token, tokenFile string
	nodeName, resolvConf     string
	nodeIP                   net.IP
	nodeLabels, nodeTaints   []string
	kubeletArgs, proxyArgs   []string

	tlsSANs, disabled                            []string
	clusterCIDR, serviceCIDR, clusterDNS, domain string
	kubeconfigOutput, kubeconfigMode             string
	apiArgs, controllerArgs, schedulerArgs       []string
}

// parse reads the configuration file, the environment and the command line, the last one first (docs.k3s.io, "Configuration Options").
func parse(role string, args []string) (*options, error) {
	o := &options{role: role}
	fs := pflag.NewFlagSet("k3s "+role, pflag.ContinueOnError)
	fs.StringVarP(&o.token, "token", "t", os.Getenv("K3S_TOKEN"), "the secret to join with")
	fs.StringVar(&o.tokenFile, "token-file", os.Getenv("K3S_TOKEN_FILE"), "the file that holds it")
	fs.StringVar(&o.nodeName, "node-name", os.Getenv("K3S_NODE_NAME"), "default: the host's name")
	fs.StringVar(&o.resolvConf, "resolv-conf", "/etc/resolv.conf", "the kubelet's resolv.conf")
	nodeIP := fs.IPP("node-ip", "i", nil, "default: the address of the default route's interface")
	fs.StringArrayVar(&o.nodeLabels, "node-label", nil, "label of the node when it registers")
	fs.StringArrayVar(&o.nodeTaints, "node-taint", nil, "taint of the node when it registers")
	fs.StringArrayVar(&o.kubeletArgs, "kubelet-arg", nil, "flag for the kubelet: name=value")
	fs.StringArrayVar(&o.proxyArgs, "kube-proxy-arg", nil, "flag for kube-proxy: name=value")
	if role == "agent" {
		fs.StringVarP(&o.server, "server", "s", os.Getenv("K3S_URL"), "the server to join: https://<address>:6443")
	} else {
		fs.StringArrayVar(&o.tlsSANs, "tls-san", nil, "further name or address of the server's certificate")
		fs.StringSliceVar(&o.disabled, "disable", nil, "packaged component to leave out")
		fs.StringVar(&o.clusterCIDR, "cluster-cidr", "10.42.0.0/16", "the pods' addresses")
		fs.StringVar(&o.serviceCIDR, "service-cidr", "10.43.0.0/16", "the services' addresses")
		fs.StringVar(&o.clusterDNS, "cluster-dns", "10.43.0.10", "the address of the DNS service")
		fs.StringVar(&o.domain, "cluster-domain", "cluster.local", "the cluster's domain")
		fs.StringVarP(&o.kubeconfigOutput, "write-kubeconfig", "o", os.Getenv("K3S_KUBECONFIG_OUTPUT"), "write it there, and a link at "+kubeconfigFile)
		fs.StringVar(&o.kubeconfigMode, "write-kubeconfig-mode", "600", "mode of "+kubeconfigFile)
		fs.StringArrayVar(&o.apiArgs, "kube-apiserver-arg", nil, "flag for the API server: name=value")
		fs.StringArrayVar(&o.controllerArgs, "kube-controller-manager-arg", nil, "flag for the controller manager: name=value")
		fs.StringArrayVar(&o.schedulerArgs, "kube-scheduler-arg", nil, "flag for the scheduler: name=value")
	}
	configured, err := configured(configFile)
	if err != nil {
		return nil, err
	}
	if err := fs.Parse(append(configured, args...)); err != nil {
		return nil, err
	}
	if fs.NArg() > 0 {
		return nil, fmt.Errorf("%s takes no arguments, and was given %q", role, fs.Arg(0))
	}
	if o.token == "" && o.tokenFile != "" {
		text, err := os.ReadFile(o.tokenFile)
		if err != nil {
			return nil, err
		}
		o.token = strings.TrimSpace(string(text))
	}
	if o.nodeName == "" {
		if o.nodeName, err = os.Hostname(); err != nil {
			return nil, err
		}
	}
	o.nodeName = strings.ToLower(o.nodeName)
	if o.nodeIP = *nodeIP; o.nodeIP == nil {
		if o.nodeIP, err = utilnet.ChooseHostInterface(); err != nil {
			return nil, err
		}
	}
	if role == "agent" && !strings.HasPrefix(o.server, "https://") {
		return nil, errors.New("an agent needs --server or K3S_URL, and it begins with https://")
	}
	return o, nil
}

// configured turns the configuration file into flags: each key is a flag's name, a list is the flag more than once.
func configured(file string) ([]string, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	var values map[string]any
	if err := yaml.Unmarshal(text, &values); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	var flags []string
	for name, value := range values {
		list, ok := value.([]any)
		if !ok {
			list = []any{value}
		}
		for _, one := range list {
			flags = append(flags, fmt.Sprintf("--%s=%v", name, one))
		}
	}
	return flags, nil
}

// flags turns name and value into what upstream's components parse; what the user gave comes last and wins.
func flags(own map[string]string, given []string) []string {
	var all []string
	for name, value := range own {
		all = append(all, "--"+name+"="+value)
	}
	for _, flag := range given {
		all = append(all, "--"+strings.TrimPrefix(flag, "--"))
	}
	return all
}
