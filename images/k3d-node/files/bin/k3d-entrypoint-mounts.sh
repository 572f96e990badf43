#!/bin/sh
# Volumes of pods propagate. (k3d v5.9.0, K3D_FIX_MOUNTS.)
set -eu
mount --make-rshared /
