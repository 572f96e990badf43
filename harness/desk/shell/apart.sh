#!/bin/sh
# Begins in a mount and process namespace of its own: covers the folders in which the outage is named, then becomes the program.
# Arguments: folders, a lone --, the program and its arguments.
set -eu
while [ "$1" != -- ]; do
  # One that is not there, or that nothing can be mounted on, is left.
  [ ! -d "$1" ] || mount -t tmpfs -o size=16k,mode=0755 desk "$1"
  shift
done
shift
exec "$@"
