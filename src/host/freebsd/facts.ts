import { KleeneError } from '#errors/kleene-error.ts';
import type { HostFacts } from '#host/driver.ts';
import { sh } from '#os/shell/quote.ts';
import type { Paths } from './paths.ts';
import { POSSIBLE_ULIMITS } from './sandbox/confinement.ts';
import { FLUA_PATH } from './sandbox/log/log-writer.ts';
import type { Section } from './section.ts';

const NO_RATES = 'it limits no bandwidth: --bandwidth is refused';
const NO_VNET = 'the kernel has no VIMAGE: containers cannot have a network stack of their own (vnet)';
const NO_RACCT =
	'resource limits by rctl(8) are off: set kern.racct.enable=1 in /boot/loader.conf and reboot, where they are wanted';
const NO_DEVFS =
	'the rules for /dev in jails (4 and 5) are not loaded: Kleene has them loaded, or adds what /etc/defaults/devfs.rules has';

const NO_FLUA = `there is no ${FLUA_PATH}/flua: output of containers is not kept, and klee logs is refused`;

const RACCT_OFF = {
	reason: 'the host counts no resources (rctl(8))',
	hint: 'set kern.racct.enable=1 in /boot/loader.conf and reboot',
};

const NO_LINUX = 'jails have nothing like it';
const NO_SCTP = {
	reason: 'pf redirects ports of TCP and UDP alone',
	hint: 'put the container on a network that clients reach by its own address, e.g. one with --parent',
};

const UNSUPPORTED: NonNullable<HostFacts['unsupportedOptions']> = {
	capabilities: { reason: NO_LINUX, hint: 'set permissions of jail(8), e.g. -J allow.raw_sockets' },
	sysctls: { reason: NO_LINUX, hint: 'set it from inside: a vnet jail has a network stack with settings of its own' },
};

function unsupported(counts: boolean): NonNullable<HostFacts['unsupportedOptions']> {
	return counts ? UNSUPPORTED : { ...UNSUPPORTED, memory: RACCT_OFF, cpus: RACCT_OFF, pids: RACCT_OFF };
}

/** @param lacking what other parts of the host found missing, one line each */
export function factsOf(paths: Paths, lacking: readonly string[] = []): Section<HostFacts> {
	return {
		script: sh`say() { printf '%s\\t%s\\n' "$1" "$2"; }
say system "$(uname -s)"
say processor "$(uname -p)"
say kernel "$(uname -srm)"
say release "$(freebsd-version -u 2>/dev/null || uname -r)"
say vimage "$(sysctl -n kern.features.vimage 2>/dev/null || echo 0)"
say flua "$([ ! -x ${FLUA_PATH}/flua ] && ! command -v flua >/dev/null || echo 1)"
say racct "$(sysctl -n kern.racct.enable 2>/dev/null || echo 0)"
if [ -n "$(devfs rule -s 4 show 2>/dev/null)" ] && [ -n "$(devfs rule -s 5 show 2>/dev/null)" ]; then
	say devfs 1
else
	say devfs 0
fi`,
		parse: (output) => parseFacts(output, paths, lacking),
	};
}

/** Names of uname(1) that images have others for, which are those of Go. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
	aarch64: 'arm64',
	armv7: 'arm',
	i386: '386',
	powerpc64: 'ppc64',
	powerpc64le: 'ppc64le',
};

function architectureOf(processor: string): string {
	return ARCHITECTURES[processor] ?? processor;
}

function parseFacts(output: string, paths: Paths, lacking: readonly string[]): HostFacts {
	const said = new Map(output.split('\n').map((line) => line.split('\t', 2) as [string, string]));
	const system = said.get('system') ?? '';
	if (system !== 'FreeBSD')
		throw new KleeneError({
			code: 'CONFIG_INVALID',
			what: 'cannot use the host as a FreeBSD host',
			why: `it says that it runs ${system === '' ? 'nothing that is known' : system}`,
			hint: 'name a machine that runs FreeBSD with --freebsd-host',
		});
	return {
		os: 'freebsd',
		platform: { os: 'freebsd', architecture: architectureOf(said.get('processor') ?? '') },
		release: `FreeBSD ${said.get('release')}`,
		kernel: said.get('kernel') ?? 'FreeBSD',
		runtime: 'jail(8)',
		ipnetHasEpair: false,
		innerNames: 'unit',
		names: 'hosts-file',
		checksSources: false,
		jailParameters: 'native',
		batches: true,
		limitsRates: false,
		leasesAddresses: false,
		ulimits: POSSIBLE_ULIMITS,
		sctpRefusal: NO_SCTP,
		portsKeepAddresses: true,
		unsupportedOptions: unsupported(said.get('racct') === '1'),
		places: {
			layers: paths.layers(),
			containers: paths.containers(),
			volumes: paths.volumes(),
			volumePath: paths.volume('').slice(0, -1),
		},
		lacking: [
			...(said.get('vimage') === '1' ? [] : [NO_VNET]),
			...(said.get('devfs') === '1' ? [] : [NO_DEVFS]),
			...(said.get('flua') === '1' ? [] : [NO_FLUA]),
			...(said.get('racct') === '1' ? [] : [NO_RACCT]),
			NO_RATES,
			...lacking,
		],
	};
}
