package main

import (
	"encoding/json"
	"reflect"
	"testing"
)

func TestDelegated(t *testing.T) {
	conf := netConf{Delegate: map[string]any{"hairpinMode": true, "isDefaultGateway": true}}
	conf.Name, conf.CNIVersion = "cbr0", "1.0.0"
	env := map[string]string{
		"FLANNEL_NETWORK": "10.42.0.0/16", "FLANNEL_SUBNET": "10.42.3.1/24", "FLANNEL_MTU": "1450", "FLANNEL_IPMASQ": "true",
	}
	text, err := delegated(conf, env)
	if err != nil {
		t.Fatal(err)
	}
	const wanted = `{"name":"cbr0","cniVersion":"1.0.0","type":"bridge","hairpinMode":true,"isDefaultGateway":true,"isGateway":true,
		"ipMasq":false,"mtu":1450,"ipam":{"type":"host-local","ranges":[[{"subnet":"10.42.3.0/24"}]],"routes":[{"dst":"10.42.0.0/16"}]}}`
	var got, want any
	if json.Unmarshal(text, &got) != nil || json.Unmarshal([]byte(wanted), &want) != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("%s", text)
	}
	env["FLANNEL_SUBNET"] = "10.42.3.1"
	if _, err := delegated(conf, env); err == nil {
		t.Error("a subnet without a length was taken")
	}
}
