#!/bin/sh
# Certificates on this node that end soon or have ended.
# Source: postmortem 003 (nobody knew when the cluster's certificates would end). Needs: openssl.
# Usage: check_certificates.sh [-w days] [-c days] file or folder...
warning=30 critical=7
while getopts w:c: flag; do
  case $flag in
    w) warning=$OPTARG ;;
    c) critical=$OPTARG ;;
    *)
      echo 'UNKNOWN - usage: check_certificates.sh [-w days] [-c days] file or folder...'
      exit 3
      ;;
  esac
done
shift $((OPTIND - 1))

if [ $# -eq 0 ]; then
  echo 'UNKNOWN - which certificates? check_certificates.sh FOLDER_OR_FILE'
  exit 3
fi

# The one that ends first: its end in seconds, and its file.
first=$(for path in "$@"; do
  if [ -d "$path" ]; then find "$path" -type f -name '*.crt'; else echo "$path"; fi
done | while read -r file; do
  end=$(openssl x509 -in "$file" -noout -enddate 2>/dev/null) || continue
  echo "$(date -d "${end#notAfter=}" +%s) $file"
done | sort -n | head -n 1)
if [ -z "$first" ]; then
  echo "UNKNOWN - no certificate in $*"
  exit 3
fi
days=$(((${first%% *} - $(date +%s)) / 86400))
what="${first#* } ends in $days days | days=$days"
if [ "$days" -lt "$critical" ]; then
  echo "CRITICAL - $what"
  exit 2
fi
if [ "$days" -lt "$warning" ]; then
  echo "WARNING - $what"
  exit 1
fi
echo "OK - $what"
