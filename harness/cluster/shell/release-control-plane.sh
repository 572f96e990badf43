# shellcheck shell=sh
# Lets the control plane's pods go once the container of etcd is being made.
: "${patience:?seconds}" "${manifests:?}" "${held_manifests:?}"
# Perl, because a shell would start processes for each look.
perl -e '
  my $end = time + shift;
  until (glob "/var/log/pods/kube-system_etcd-*/etcd") { exit if time > $end; select undef, undef, undef, 0.03 }' "$patience"
mv "$held_manifests/kube-apiserver.yaml" "$manifests/"
# A moment for it alone: the others can only wait for it.
sleep 0.3
mv "$held_manifests"/*.yaml "$manifests/"
rmdir "$held_manifests"
