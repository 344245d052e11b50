# Shared by the scripts of this folder: how they speak, where they keep things, how they install.
# Sourced, never run. Every script works from any folder and twice in a row.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT"

say()  { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
note() { printf '    %s\n' "$*" >&2; }
# Stops with a sentence that says what to do.
stop() { printf '\033[31mmissing:\033[0m %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }
root() { [ "$(id -u)" = 0 ]; }

# Where tools are kept that are too big to fetch for every clone. For root it must be readable by others: PostgreSQL refuses to run as root.
cache() {
  if [ -n "${MNEMOSYNE_CACHE:-}" ]; then echo "$MNEMOSYNE_CACHE"
  elif root; then echo /var/cache/mnemosyne
  else echo "${XDG_CACHE_HOME:-$HOME/.cache}/mnemosyne"; fi
}

# apt_install PACKAGE… : installs Debian or Ubuntu packages, as root or through sudo; fails quietly where that is not possible.
apt_install() {
  have apt-get || return 1
  local as=()
  if ! root; then
    have sudo || return 1
    # A password prompt is for people only: never wait for one without a terminal.
    if sudo -n true 2>/dev/null; then as=(sudo -n); elif [ -t 0 ] && [ -t 2 ]; then as=(sudo); else return 1; fi
  fi
  note "apt-get install $*"
  local log; log=$(mktemp)
  if "${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" >"$log" 2>&1 ||
     { "${as[@]}" apt-get update >"$log" 2>&1 && "${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" >"$log" 2>&1; }
  then rm -f "$log"; else tail -5 "$log" >&2; rm -f "$log"; return 1; fi
}
