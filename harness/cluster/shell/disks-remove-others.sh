# shellcheck shell=sh
# Takes away what no snapshot names: image layers, and archives whose description went with its images (`docker image prune -a`, say). An archive of the
# last hour may be of a cluster that is being frozen.
set -eu
: "${bases?the ids of those that stay}"
: "${clusters?the names of those whose snapshots stay}"
for base in /store/base/*; do
  name=${base##*/}
  name=${name%%.*}
  case " $bases " in *" $name "*) ;; *) rm -rf "$base" ;; esac
done
[ ! -d /store/golden ] || find /store/golden -mindepth 1 -maxdepth 1 -mmin +60 | while read -r archive; do
  case " $clusters " in *" ${archive##*/} "*) ;; *) rm -rf "$archive" ;; esac
done
