#!/bin/sh
# Stands before the real docker on kind's PATH: kind-create.ts says why.
if [ "$1" = run ]; then
  name=
  previous=
  for argument; do
    if [ "$previous" = --name ]; then name=$argument; fi
    previous=$argument
  done
  for pair in $FIREDRILL_ADDRESSES; do
    if [ "${pair%%=*}" = "$name" ]; then
      shift
      kill -0 "$FIREDRILL_OWNER" 2>/dev/null || { echo "firedrill is gone: no more nodes" >&2; exit 1; }
      : > "$FIREDRILL_IN_FLIGHT/$name"
      printf '%s\0' "$@" > "$FIREDRILL_ASKED/$name"
      code=0
      # shellcheck disable=SC2086 # No argument of these holds a space.
      "$FIREDRILL_DOCKER" run --ip "${pair#*=}" $FIREDRILL_RUN_ARGS "$@" || code=$?
      case $name in *-control-plane)
        [ "$code" != 0 ] || "$FIREDRILL_DOCKER" cp "$FIREDRILL_PATCHES" "$name:$FIREDRILL_PATCHES_DIR" >/dev/null || code=$? ;;
      esac
      kill -0 "$FIREDRILL_OWNER" 2>/dev/null || { "$FIREDRILL_DOCKER" rm -fv "$name" >/dev/null 2>&1; code=1; }
      rm -f "$FIREDRILL_IN_FLIGHT/$name"
      exit "$code"
    fi
  done
fi
exec "$FIREDRILL_DOCKER" "$@"
