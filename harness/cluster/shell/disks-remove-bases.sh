# shellcheck shell=sh
# Takes away bases that no snapshot names.
set -eu
: "${kept?their ids}"
for base in /store/base/*; do
  name=${base##*/}
  name=${name%%.*}
  case " $kept " in *" $name "*) ;; *) rm -rf "$base" ;; esac
done
