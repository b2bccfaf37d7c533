#!/bin/sh
# Builds init.c for the architectures that Kleene runs on: `build.sh [directory]`, default: beside this file.
# Debian 12: apt-get install gcc gcc-aarch64-linux-gnu libc6-dev-arm64-cross. What has no compiler here is left out.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here}

build() { # name compiler flags...
	name=$1 compiler=$2
	shift 2
	command -v "$compiler" >/dev/null || { echo "no $compiler: $name was not built" >&2; return 0; }
	"$compiler" -Os -std=gnu11 -Wall -Wextra -Werror "$@" -ffreestanding -fno-builtin -fno-stack-protector \
		-fno-pie -no-pie -fno-asynchronous-unwind-tables -fno-tree-loop-distribute-patterns -fno-ident -nostdlib -static \
		-Wl,--build-id=none -Wl,-z,noseparate-code -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack -Wl,-s \
		-o "$out/$name" "$here/init.c"
}

build init-x64 x86_64-linux-gnu-gcc -fcf-protection=none
build init-arm64 aarch64-linux-gnu-gcc -mno-outline-atomics
