package main

import (
	"fmt"
	"os"
	"path/filepath"

	utilfeature "k8s.io/apiserver/pkg/util/feature"
	kubeletv1beta1 "k8s.io/kubelet/config/v1beta1"
	kubeletconfig "k8s.io/kubernetes/pkg/kubelet/apis/config"
	conversion "k8s.io/kubernetes/pkg/kubelet/apis/config/v1beta1"
	"sigs.k8s.io/yaml"
)

// kubeletDropIns is the folder that k3s gives the kubelet as --config-dir.
const kubeletDropIns = agentDir + "/etc/kubelet.conf.d"

// mergeDropIns puts the fields of the kubelet's drop-in files over its configuration, in the order of the files' names.
func mergeDropIns(config *kubeletconfig.KubeletConfiguration) error {
	files, err := filepath.Glob(kubeletDropIns + "/*.conf")
	if err != nil || len(files) == 0 {
		return err
	}
	merged := &kubeletv1beta1.KubeletConfiguration{}
	if err := conversion.Convert_config_KubeletConfiguration_To_v1beta1_KubeletConfiguration(config, merged, nil); err != nil {
		return err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if err := yaml.Unmarshal(text, merged); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	conversion.SetDefaults_KubeletConfiguration(merged)
	if err := conversion.Convert_v1beta1_KubeletConfiguration_To_config_KubeletConfiguration(merged, config, nil); err != nil {
		return err
	}
	return utilfeature.DefaultMutableFeatureGate.SetFromMap(config.FeatureGates)
}
