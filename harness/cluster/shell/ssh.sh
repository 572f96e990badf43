#!/bin/sh
# Stands for ssh: runs the command in a node of this cluster. Options are not needed and not known.
node=$1
shift
case " $NODES " in
  *" $node "*) exec docker exec -i "$node" sh -c "$*" ;;
  *) echo "ssh: Could not resolve hostname $node" >&2; exit 255 ;;
esac
