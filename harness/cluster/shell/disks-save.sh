# shellcheck shell=sh
# Nodes' volumes are mounted at /from/<index>. Prints the base's sum and bytes, then each archive's sum and bytes. Behind disks.sh.
: "${cluster:?}" "${base_id:?}" "${count:?of nodes}" "${least_free_kib:?}"
free=$(df --output=avail -k /store | tail -n 1)
[ "$free" -gt "$least_free_kib" ] || { echo "only $((free / 1024)) MiB free where Docker keeps its volumes" >&2; exit 1; }
base=/store/base/$base_id
if [ ! -f "$base.sha256" ] || [ "$(listing "$base")" != "$(cat "$base.sha256")" ]; then
  rm -rf "$base" "$base.partial"
  mkdir -p "$base.partial"
  # Of this container's /var, which no node has run with.
  for part in $(parts /var); do
    mkdir -p "$base.partial/${part%/*}"
    cp -a "/from/0/$part" "$base.partial/$part"
  done
  mv "$base.partial" "$base"
  listing "$base" > "$base.sha256.partial"
  mv "$base.sha256.partial" "$base.sha256"
fi
echo "$(cat "$base.sha256") $(du -sb "$base" | cut -f1)"
golden=/store/golden/$cluster
rm -rf "$golden"
mkdir -p "$golden"
parts "$base" | sed 's|^|./|' > /tmp/parts
for node in $(seq 0 $((count - 1))); do
  tar --create --sparse --xattrs --xattrs-include='*' --numeric-owner --anchored --exclude-from=/tmp/parts \
    -C "/from/$node" -f "$golden/$node.tar" .
  echo "$(sum < "$golden/$node.tar") $(stat -c %s "$golden/$node.tar")"
done
sync -f /store
