#!/bin/sh
# The datastore's log says that it is locked or that what was asked of it was cancelled: writes fail while reads go on.
# Source: postmortem 004, PGM-226 ("add context canceled to the dqlite check"). Needs: journalctl, and a user who may read the unit's journal.
# Usage: check_datastore_errors.sh -u unit [-w lines] [-c lines] [-s seconds]
warning=0 critical=5 seconds=300 unit=
while getopts u:w:c:s: flag; do
  case $flag in
    u) unit=$OPTARG ;;
    w) warning=$OPTARG ;;
    c) critical=$OPTARG ;;
    s) seconds=$OPTARG ;;
    *)
      echo 'UNKNOWN - usage: check_datastore_errors.sh -u unit [-w lines] [-c lines] [-s seconds]'
      exit 3
      ;;
  esac
done
if [ -z "$unit" ]; then
  echo 'UNKNOWN - which unit? check_datastore_errors.sh -u k3s'
  exit 3
fi

log=$(journalctl -u "$unit" --since "-$seconds s" --no-pager -o cat 2>&1) || {
  echo "UNKNOWN - journalctl: $(echo "$log" | head -n 1)"
  exit 3
}
lines=$(echo "$log" | grep -c -e 'context canceled' -e 'database is locked')
what="$lines lines of $unit say locked or canceled within $seconds s | lines=$lines"
if [ "$lines" -gt "$critical" ]; then
  echo "CRITICAL - $what"
  exit 2
fi
if [ "$lines" -gt "$warning" ]; then
  echo "WARNING - $what"
  exit 1
fi
echo "OK - $what"
