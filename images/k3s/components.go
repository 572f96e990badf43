package main

import (
	"context"
	"net"
	"net/http"

	"github.com/spf13/pflag"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	cliflag "k8s.io/component-base/cli/flag"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	apioptions "k8s.io/kubernetes/cmd/kube-apiserver/app/options"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	controlleroptions "k8s.io/kubernetes/cmd/kube-controller-manager/app/options"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	scheduleroptions "k8s.io/kubernetes/cmd/kube-scheduler/app/options"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
	kubeletoptions "k8s.io/kubernetes/cmd/kubelet/app/options"
	kubeletvalidation "k8s.io/kubernetes/pkg/kubelet/apis/config/validation"
)

// Upstream's commands cannot be run side by side: each would install the process' one signal handler, and the second one panics. So each
// component's own options are filled from flags, and its package's Run is called.

// controlPlane holds the options of the server's components.
type controlPlane struct {
	controllers *controlleroptions.KubeControllerManagerOptions
	api         *apioptions.ServerRunOptions
	scheduler   *scheduleroptions.Options

	controllerFlags, apiFlags, schedulerFlags *pflag.FlagSet
}

// newControlPlane makes the options. The controller manager's come first: they override a feature gate's default, which is refused once another
// component has put the gates on a flag set.
func newControlPlane() (*controlPlane, error) {
	c := &controlPlane{}
	var err error
	if c.controllers, err = controlleroptions.NewKubeControllerManagerOptions(); err != nil {
		return nil, err
	}
	sets := c.controllers.Flags(controllers.KnownControllers(), controllers.ControllersDisabledByDefault(), controllers.ControllerAliases())
	c.controllers.ParsedFlags = &sets
	c.controllerFlags = joined("kube-controller-manager", sets)
	c.api = apioptions.NewServerRunOptions()
	c.apiFlags = joined("kube-apiserver", c.api.Flags())
	c.scheduler = scheduleroptions.NewOptions()
	c.schedulerFlags = joined("kube-scheduler", *c.scheduler.Flags)
	return c, nil
}

func joined(name string, sets cliflag.NamedFlagSets) *pflag.FlagSet {
	fs := pflag.NewFlagSet(name, pflag.ContinueOnError)
	for _, set := range sets.FlagSets {
		fs.AddFlagSet(set)
	}
	return fs
}

// parse reads all three components' flags before any of them runs.
func (c *controlPlane) parse(api, controllers, scheduler []string) error {
	for _, one := range []struct {
		flags *pflag.FlagSet
		args  []string
	}{{c.apiFlags, api}, {c.controllerFlags, controllers}, {c.schedulerFlags, scheduler}} {
		if err := one.flags.Parse(one.args); err != nil {
			return err
		}
	}
	return c.api.GenericServerRunOptions.ComponentGlobalsRegistry.Set()
}

// advertised is a listener on loopback that says it listens on the port where the supervisor takes connections for it: the port that the
// kubernetes service leads to. k3s' own API server has a flag for it (--advertise-port), upstream's has not.
type advertised struct{ net.Listener }

func (a advertised) Addr() net.Addr {
	return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: supervisorPort}
}

// startAPI starts the API server and returns what answers its requests, authentication and all.
func (c *controlPlane) startAPI(ctx context.Context, failed chan<- error) (http.Handler, error) {
	completed, err := c.api.Complete(ctx)
	if err != nil {
		return nil, err
	}
	if errs := completed.Validate(); len(errs) > 0 {
		return nil, utilerrors.NewAggregate(errs)
	}
	config, err := apiserver.NewConfig(completed)
	if err != nil {
		return nil, err
	}
	serving := config.KubeAPIs.ControlPlane.Generic.SecureServing
	serving.Listener = advertised{serving.Listener}
	complete, err := config.Complete()
	if err != nil {
		return nil, err
	}
	chain, err := apiserver.CreateServerChain(complete)
	if err != nil {
		return nil, err
	}
	prepared, err := chain.PrepareRun()
	if err != nil {
		return nil, err
	}
	background(ctx, failed, "kube-apiserver", func() error { return prepared.Run(ctx) })
	return chain.GenericAPIServer.Handler, nil
}

// startControllers starts the controller manager and the scheduler. The API server has to answer.
func (c *controlPlane) startControllers(ctx context.Context, failed chan<- error) error {
	config, err := c.controllers.Config(ctx, controllers.KnownControllers(), controllers.ControllersDisabledByDefault(), controllers.ControllerAliases())
	if err != nil {
		return err
	}
	background(ctx, failed, "kube-controller-manager", func() error { return controllers.Run(ctx, config.Complete()) })
	scheduling, made, err := scheduler.Setup(ctx, c.scheduler)
	if err != nil {
		return err
	}
	background(ctx, failed, "kube-scheduler", func() error { return scheduler.Run(ctx, scheduling, made) })
	return nil
}

// startKubelet starts the kubelet with what its command line would make of these flags.
func startKubelet(ctx context.Context, args []string, failed chan<- error) error {
	own := kubeletoptions.NewKubeletFlags()
	config, err := kubeletoptions.NewKubeletConfiguration()
	if err != nil {
		return err
	}
	if err := mergeDropIns(config); err != nil {
		return err
	}
	fs := pflag.NewFlagSet("kubelet", pflag.ContinueOnError)
	own.AddFlags(fs)
	kubeletoptions.AddKubeletConfigFlags(fs, config)
	if err := fs.Parse(args); err != nil {
		return err
	}
	if err := kubeletoptions.ValidateKubeletFlags(own); err != nil {
		return err
	}
	if err := kubeletvalidation.ValidateKubeletConfiguration(config, utilfeature.DefaultFeatureGate); err != nil {
		return err
	}
	server := &kubeletoptions.KubeletServer{KubeletFlags: *own, KubeletConfiguration: *config}
	deps, err := kubelet.UnsecuredDependencies(ctx, server, utilfeature.DefaultFeatureGate)
	if err != nil {
		return err
	}
	background(ctx, failed, "kubelet", func() error { return kubelet.Run(ctx, server, deps, utilfeature.DefaultFeatureGate) })
	return nil
}

// startProxy starts kube-proxy with what its command line would make of these flags.
func startProxy(ctx context.Context, args []string, failed chan<- error) error {
	o := proxy.NewOptions()
	fs := pflag.NewFlagSet("kube-proxy", pflag.ContinueOnError)
	o.AddFlags(fs)
	if err := fs.Parse(args); err != nil {
		return err
	}
	if err := o.Complete(fs); err != nil {
		return err
	}
	if err := o.Validate(); err != nil {
		return err
	}
	background(ctx, failed, "kube-proxy", func() error { return o.Run(ctx) })
	return nil
}
