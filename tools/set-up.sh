#!/usr/bin/env bash
# Sets up what Airlock needs on Debian or Ubuntu: system packages, npm packages, the build, a running container engine.
# Says each step on standard error; does nothing, quickly, when nothing is missing.
#   tools/set-up.sh [--with-tests] [--no-engine]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

PACKAGES=(docker.io clang llvm libbpf-dev libelf-dev zlib1g-dev make gcc libc6-dev tcpdump iproute2 iptables busybox-static util-linux)
TEST_PACKAGES=(bpftool debootstrap docker-registry jq skopeo)
SOURCES=(contracts registry formats sandbox signatures/src signatures/package.json services cli tsconfig.base.json tsconfig.json package.json)
STATE=.airlock
ENGINE_WAIT_SECONDS=60

with_tests=false
with_engine=true
for argument in "$@"; do
	case "$argument" in
	--with-tests) with_tests=true ;;
	--no-engine) with_engine=false ;;
	*)
		echo "airlock: unknown set-up option $argument [USAGE]" >&2
		exit 1
		;;
	esac
done
$with_tests && PACKAGES+=("${TEST_PACKAGES[@]}")

main() {
	require_node
	require_root
	mkdir -p "$STATE"
	# One set-up at a time: two first calls at once would run npm ci under each other's feet.
	exec 9>"$STATE/set-up.lock"
	flock 9
	install_debian_packages
	install_npm_packages
	build
	if $with_engine; then ensure_engine; fi
}

say() { printf 'airlock set-up: %s\n' "$*" >&2; }

fail() {
	printf 'airlock: %s [%s]\n' "$2" "$1" >&2
	exit 1
}

# Output of a step goes to a log; its end is shown only when the step fails.
run_step() {
	local log="$STATE/$1.log"
	shift
	if ! "$@" >"$log" 2>&1 9>&-; then
		tail -n 25 "$log" >&2
		return 1
	fi
}

require_node() {
	command -v node >/dev/null && command -v npm >/dev/null ||
		fail SET_UP_FAILED "Node.js 20.19 or newer and npm are needed; install them first"
	node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' ||
		fail SET_UP_FAILED "Node.js $(node --version) is too old; 20.19 or newer is needed"
}

require_root() {
	[ "$(id -u)" = 0 ] || fail NOT_ROOT "set-up needs root; run: sudo $0"
}

install_debian_packages() {
	local wanted missing=()
	wanted="$(printf '%s\n' "${PACKAGES[@]}" | sort | sha256sum)"
	# The stamp spares the query of every package on each call; doctor notices one that was removed since.
	[ "$(cat "$STATE/packages-$with_tests.stamp" 2>/dev/null)" = "$wanted" ] && return
	for package in "${PACKAGES[@]}"; do
		dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
	done
	if [ ${#missing[@]} -gt 0 ]; then
		command -v apt-get >/dev/null || fail SET_UP_FAILED "apt-get is not here; install by hand: ${missing[*]}"
		say "installing Debian packages: ${missing[*]}"
		export DEBIAN_FRONTEND=noninteractive
		run_step apt-update apt-get update || fail SET_UP_FAILED "apt-get update failed (see $STATE/apt-update.log)"
		run_step apt-install apt-get install -y --no-install-recommends "${missing[@]}" ||
			fail SET_UP_FAILED "apt-get install failed (see $STATE/apt-install.log)"
	fi
	printf '%s\n' "$wanted" >"$STATE/packages-$with_tests.stamp"
}

install_npm_packages() {
	local wanted
	wanted="$(sha256sum package-lock.json)"
	[ -d node_modules ] && [ "$(cat "$STATE/npm.stamp" 2>/dev/null)" = "$wanted" ] && return
	say "installing npm packages"
	run_step npm npm ci --no-audit --no-fund || fail SET_UP_FAILED "npm ci failed (see $STATE/npm.log)"
	printf '%s\n' "$wanted" >"$STATE/npm.stamp"
}

build() {
	if [ -e "$STATE/build.stamp" ] && [ -z "$(newer_source)" ] &&
		[ -x sandbox/tracer/build/airlock-tracer ] && [ -e cli/dist/main.js ]; then
		return
	fi
	say "building the tracer, the sandbox's native parts and the services"
	# Touched before the build: a source saved while it runs is built again next time.
	touch "$STATE/build.started"
	run_step build npm run --silent build || fail SET_UP_FAILED "the build failed (see $STATE/build.log)"
	mv "$STATE/build.started" "$STATE/build.stamp"
}

newer_source() {
	find "${SOURCES[@]}" \( -name node_modules -o -name dist -o -name build \) -prune -o \
		-type f \( -name '*.ts' -o -name '*.c' -o -name '*.h' -o -name '*.json' -o -name Makefile \) \
		-newer "$STATE/build.stamp" -print -quit
}

# An engine that answers is used as it is, wherever DOCKER_HOST says. Else one is started here.
ensure_engine() {
	# At the usual place a living dockerd is answer enough, and spares a call its tenth of a second.
	dockerd_lives || engine_answers && return
	if [ -n "${DOCKER_HOST:-}" ]; then
		fail ENGINE_UNREACHABLE "no container engine answers on DOCKER_HOST=$DOCKER_HOST"
	fi
	say "starting the container engine"
	start_service && wait_for_engine 10 && return
	start_dockerd_directly
	wait_for_engine "$ENGINE_WAIT_SECONDS" ||
		fail ENGINE_UNREACHABLE "dockerd does not answer; its log is $STATE/dockerd.log"
}

engine_answers() { node tools/ping-engine.mjs >/dev/null 2>&1; }

dockerd_lives() {
	local pid
	[ -z "${DOCKER_HOST:-}" ] && [ -S /var/run/docker.sock ] && [ -r /var/run/docker.pid ] &&
		pid="$(</var/run/docker.pid)" && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = dockerd ]
}

wait_for_engine() {
	local until=$((SECONDS + $1))
	while [ $SECONDS -lt $until ]; do
		engine_answers && return
		sleep 0.3
	done
	return 1
}

start_service() {
	if [ -d /run/systemd/system ]; then
		run_step service systemctl start docker
	elif [ -x /etc/init.d/docker ]; then
		# Fails where the script may not raise a limit, though dockerd itself would run.
		run_step service service docker start
	else
		return 1
	fi
}

start_dockerd_directly() {
	local pid_file=/var/run/docker.pid pid
	command -v dockerd >/dev/null || fail ENGINE_UNREACHABLE "dockerd is not installed"
	# After a kill -9 the pid file names nobody, or by pid reuse somebody else; dockerd would refuse to start.
	if [ -e "$pid_file" ]; then
		pid="$(cat "$pid_file")"
		[ "$(cat "/proc/$pid/comm" 2>/dev/null)" = dockerd ] || rm -f "$pid_file"
	fi
	setsid dockerd >"$STATE/dockerd.log" 2>&1 </dev/null 9>&- &
}

main
