# shellcheck shell=sh
: "${ids:?of containers}"
for id in $ids; do
  find /cgroup -path "*$id*" \( -name freezer.state -o -name cgroup.freeze \)
done | while read -r file; do
  case $file in
    */freezer.state) echo THAWED > "$file" ;;
    *) echo 0 > "$file" ;;
  esac
done 2>/dev/null || true
