# shellcheck shell=sh
# Lays out the /var of every node, and says when each is there, or what is damaged. Behind disks.sh.
: "${cluster:?}" "${nonce:?}" "${base_id:?}" "${base_sum:?}" "${sums:?of the archives}" "${base_path:?in a node}"
top=/store/live/$cluster
live=$top/$nonce
golden=/store/golden/$cluster
base=/store/base/$base_id
rm -rf "$top"
mkdir -p "$top"
# Lets ext4 put what is made in it where the disk is empty, by its name: beside files that were deleted a moment ago (the last cluster's)
# it looks at each of them before it takes a free inode, which cost a restore up to 4 CPU-seconds. Other file systems do not know this.
chattr +T "$top" 2>/dev/null || true
mkdir "$live"
# Checked while it is unpacked: a second pass over the archives would cost as much again.
{ [ "$(listing "$base")" = "$base_sum" ] || echo "damaged: the image layers are not as they were"; } &
listing=$!
parts=$(parts "$base")
lay_out() {
  [ "$(sum < "$golden/$1.tar")" = "$2" ] || echo "damaged: the archive of node $1 is not as it was" &
  summing=$!
  mkdir "$live/$1"
  tar --extract --xattrs --xattrs-include='*' --numeric-owner --same-permissions -C "$live/$1" \
    -f "$golden/$1.tar" || echo "damaged: the archive of node $1 cannot be unpacked"
  for part in $parts; do
    mkdir -p "$live/$1/${part%/*}"
    ln -s "$base_path/$part" "$live/$1/$part"
  done
  wait "$summing"
  echo "there: $1"
}
# One after another: the first is the control plane's, for which everybody else waits, and which boots beside the rest.
node=0
for wanted in $sums; do
  lay_out "$node" "$wanted"
  node=$((node + 1))
done
wait "$listing"
