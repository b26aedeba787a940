# What `tests/run`, `up` and `down` share; for bash, from any folder.

control_plane_sources=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
control_plane_cache="${XDG_CACHE_HOME:-$HOME/.cache}/plimsoll/control-plane"

# Prints the module file of a release, `1.33`; the one of the newest, go.mod, when none is named.
control_plane_module() {
  local file="$control_plane_sources/${1:+$1.}mod"
  [ -n "${1:-}" ] || file="$control_plane_sources/go.mod"
  if [ ! -f "$file" ]; then
    echo "there is no control plane of $1: $control_plane_sources has no $1.mod" >&2
    return 1
  fi
  printf '%s\n' "$file"
}

# Prints the version of Kubernetes that a module file names, `1.37.1`.
control_plane_version() {
  awk '$1 == "k8s.io/kubernetes" { print substr($2, 2) }' "$1"
}

# Builds `control-plane` and `kubectl` of a module file, unless the cache has them, and prints their folder.
control_plane_build() {
  local module=$1 version minor hash folder name package flags
  version=$(control_plane_version "$module")
  minor=$(echo "$version" | cut -d. -f2)
  hash=$(cd "$control_plane_sources" && cat ./*.go kubectl/*.go lib.sh "$module" "${module%.mod}.sum" | cksum | tr ' ' -)
  folder="$control_plane_cache/$version-$hash"
  # The servers tell this version; a build from a module does not know it.
  flags='-s -w'
  for name in gitVersion=v$version gitMajor=1 gitMinor=$minor gitTreeState=clean; do
    flags+=" -X k8s.io/component-base/version.$name"
  done
  for name in control-plane kubectl; do
    [ ! -x "$folder/$name" ] || continue
    if ! command -v go >/dev/null; then
      echo "go is not installed, so Kubernetes $version cannot be built" >&2
      return 1
    fi
    echo "building $name of Kubernetes $version (once, some minutes)" >&2
    package=.
    [ $name = control-plane ] || package=./$name
    mkdir -p "$folder"
    (cd "$control_plane_sources" && CGO_ENABLED=0 go build -modfile="$module" -buildvcs=false -ldflags "$flags" \
      -o "$folder/$name.$$" "$package") >&2 || return 1
    mv "$folder/$name.$$" "$folder/$name"
  done
  printf '%s\n' "$folder"
}

# Starts a binary with its data in FOLDER, which this makes, and returns when tests may begin. Beside it lie FOLDER.log and
# FOLDER.pid.
control_plane_start() {
  local binary=$1 folder=$2
  shift 2
  nohup "$binary" --data "$folder" "$@" >"$folder.log" 2>&1 </dev/null &
  echo $! >"$folder.pid"
  until [ -e "$folder/kubeconfig" ]; do
    if ! control_plane_runs "$folder"; then
      echo "the control plane did not start; the end of its log is:" >&2
      tail -n 10 "$folder.log" >&2
      return 1
    fi
    sleep 0.1
  done
}

# Tells whether the control plane of a folder runs; its process ID may be another's by now.
control_plane_runs() {
  [ -e "$1.pid" ] || return 1
  case "$(ps -p "$(cat "$1.pid")" -o comm= 2>/dev/null)" in
  *nohup | *control-plane) return 0 ;;
  *) return 1 ;;
  esac
}

# Stops the control plane of a folder, if one runs, and returns when it has ended.
control_plane_stop() {
  control_plane_runs "$1" || return 0
  kill "$(cat "$1.pid")"
  while control_plane_runs "$1"; do sleep 0.1; done
}
