package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
)

//go:embed manifests
var packaged embed.FS

const manifestsDir = serverDir + "/manifests"

// startDeploy writes the packaged manifests and applies whatever is in the folder. k3s does both at each start, and looks for changes every fifteen
// seconds: pkg/deploy/controller.go (start, listFiles(force)), and docs.k3s.io, "Managing Packaged Components". So what somebody changed in the cluster of
// a packaged component is as it was after a restart.
func startDeploy(ctx context.Context, o *options) error {
	if err := stage(o); err != nil {
		return err
	}
	config, err := clientcmd.BuildConfigFromFlags("", credDir+"/supervisor.kubeconfig")
	if err != nil {
		return err
	}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	finder, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return err
	}
	d := &deployer{
		client: client, mapper: restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(finder)),
		manager: "deploy@" + o.nodeName, applied: map[string][sha256.Size]byte{},
	}
	go func() {
		for {
			if err := d.look(ctx); err != nil {
				klog.Errorf("Failed to process manifests: %v", err)
			}
			if pause(ctx, 15*time.Second) != nil {
				return
			}
		}
	}()
	return nil
}

// stage writes the packaged manifests anew, except what --disable names or a .skip file of the user's.
func stage(o *options) error {
	entries, err := packaged.ReadDir("manifests")
	if err != nil {
		return err
	}
	fill := strings.NewReplacer("%{CLUSTER_DOMAIN}%", o.domain, "%{CLUSTER_DNS}%", o.clusterDNS, "%{COREDNS_IMAGE}%", corednsImage)
	for _, entry := range entries {
		file := filepath.Join(manifestsDir, entry.Name())
		if slices.Contains(o.disabled, strings.TrimSuffix(entry.Name(), ".yaml")) {
			if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
			continue
		}
		text, err := packaged.ReadFile("manifests/" + entry.Name())
		if err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(fill.Replace(string(text))), 0o600); err != nil {
			return err
		}
	}
	return nil
}

type deployer struct {
	client  dynamic.Interface
	mapper  *restmapper.DeferredDiscoveryRESTMapper
	manager string
	applied map[string][sha256.Size]byte
}

func (d *deployer) look(ctx context.Context) error {
	var errs []error
	err := filepath.Walk(manifestsDir, func(file string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() || !slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(file)) {
			return err
		}
		if _, err := os.Stat(file + ".skip"); err == nil {
			return nil
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(text)
		if d.applied[file] == sum {
			return nil
		}
		if err := d.apply(ctx, text); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", file, err))
			return nil
		}
		d.applied[file] = sum
		klog.Infof("Applied manifest %s", file)
		return nil
	})
	return errors.Join(append(errs, err)...)
}

func (d *deployer) apply(ctx context.Context, text []byte) error {
	documents := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)
	for {
		object := &unstructured.Unstructured{}
		if err := documents.Decode(object); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if len(object.Object) == 0 {
			continue
		}
		kind := object.GroupVersionKind()
		mapping, err := d.mapper.RESTMapping(kind.GroupKind(), kind.Version)
		if err != nil {
			d.mapper.Reset() // the kind may be one that an earlier manifest brings
			return err
		}
		body, err := object.MarshalJSON()
		if err != nil {
			return err
		}
		force := true
		if _, err := d.client.Resource(mapping.Resource).Namespace(object.GetNamespace()).Patch(ctx, object.GetName(), types.ApplyPatchType, body,
			metav1.PatchOptions{FieldManager: d.manager, Force: &force}); err != nil {
			return err
		}
	}
}

// keepNodes does what k3s' own controllers do with nodes: the server's role label, and the names of all nodes in CoreDNS' NodeHosts.
func keepNodes(ctx context.Context, client kubernetes.Interface, o *options) {
	for ; ctx.Err() == nil; _ = pause(ctx, 2*time.Second) {
		nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
		if err != nil {
			continue
		}
		var hosts []string
		for _, node := range nodes.Items {
			if node.Name == o.nodeName && node.Labels["node-role.kubernetes.io/control-plane"] == "" {
				patch := []byte(`{"metadata":{"labels":{"node-role.kubernetes.io/control-plane":"true"}}}`)
				if _, err := client.CoreV1().Nodes().Patch(ctx, node.Name, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
					klog.Warningf("labelling %s: %v", node.Name, err)
				}
			}
			for _, address := range node.Status.Addresses {
				if address.Type == "InternalIP" {
					hosts = append(hosts, address.Address+" "+node.Name)
				}
			}
		}
		slices.Sort(hosts)
		text := strings.Join(hosts, "\n") + "\n"
		coredns, err := client.CoreV1().ConfigMaps("kube-system").Get(ctx, "coredns", metav1.GetOptions{})
		if err != nil || coredns.Data["NodeHosts"] == text {
			continue
		}
		patch := fmt.Appendf(nil, `{"data":{"NodeHosts":%q}}`, text)
		if _, err := client.CoreV1().ConfigMaps("kube-system").Patch(ctx, "coredns", types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
			klog.Warningf("NodeHosts: %v", err)
		}
	}
}
