import { readFileSync } from 'node:fs';
import { release as kernelRelease } from 'node:os';
import type { HostFacts } from '#host/driver.ts';
import type { HostLimits } from '#model/host/traits.ts';
import type { Platform } from '#model/registry/remote-image.ts';
import { sctpRefusal } from './firewall/sctp.ts';
import type { Paths } from './paths.ts';
import type { ChosenRuntime } from './sandbox/runtimes.ts';

interface Equipment {
	readonly runtime: ChosenRuntime;
	readonly paths: Paths;
	readonly limits: HostLimits;
	/** Descriptor; undefined: the namespace of the daemon. */
	readonly hostNamespace: number | undefined;
}

/** @param lacking missing features found by other parts of the host, one line each */
export function gatherFacts(
	{ runtime, paths, limits, hostNamespace }: Equipment,
	lacking: readonly string[],
): HostFacts {
	const refusal = sctpRefusal(hostNamespace);
	return {
		os: 'linux',
		platform: hostPlatform(),
		release: distributionRelease(),
		kernel: `Linux ${kernelRelease()}`,
		runtime: `${runtime.name} ${runtime.version}`,
		ipnetHasEpair: true,
		batches: false,
		jailParameters: 'mapped',
		innerNames: 'position',
		names: 'resolver',
		checksSources: true,
		limits,
		limitsRates: true,
		...(refusal ? { sctpRefusal: refusal } : {}),
		leasesAddresses: true,
		ulimits: ownHardLimits(),
		places: { layers: 'layers', containers: 'containers', volumes: 'volumes', volumePath: paths.volumes() },
		lacking: [...runtime.lacking, ...missingFileSystems(), ...lacking],
	};
}

/** Names of `Ulimit` → those of /proc/PID/limits. Kernel: fs/proc/base.c (lnames). */
const ULIMITS: Readonly<Record<string, string>> = {
	core: 'Max core file size',
	cpu: 'Max cpu time',
	data: 'Max data size',
	fsize: 'Max file size',
	locks: 'Max file locks',
	memlock: 'Max locked memory',
	msgqueue: 'Max msgqueue size',
	nice: 'Max nice priority',
	nofile: 'Max open files',
	nproc: 'Max processes',
	rss: 'Max resident set',
	rtprio: 'Max realtime priority',
	rttime: 'Max realtime timeout',
	sigpending: 'Max pending signals',
	stack: 'Max stack size',
};

/** Hard limits of this process. */
function ownHardLimits(): Record<string, number> {
	const lines = readFileSync('/proc/self/limits', 'utf8').split('\n');
	const hardOf = (title: string) => {
		const line = lines.find((one) => one.startsWith(title)) ?? '';
		const hard = line.slice(title.length).trim().split(/\s+/)[1];
		return hard === 'unlimited' ? Number.POSITIVE_INFINITY : Number(hard ?? 0);
	};
	return Object.fromEntries(Object.entries(ULIMITS).map(([name, title]) => [name, hardOf(title)]));
}

/** Architectures as Go calls them, by the names that Node has. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386', ppc64: 'ppc64le' };

export function hostPlatform(): Platform {
	return { os: 'linux', architecture: ARCHITECTURES[process.arch] ?? process.arch };
}

/** os-release(5): `Debian 12`. */
function distributionRelease(): string {
	try {
		const lines = readFileSync('/etc/os-release', 'utf8').split('\n');
		const value = (key: string) =>
			lines
				.find((line) => line.startsWith(`${key}=`))
				?.slice(key.length + 1)
				.replaceAll('"', '') ?? '';
		const name = value('NAME').split(' ')[0] || 'Linux';
		return `${name} ${value('VERSION_ID')}`.trim();
	} catch {
		return 'Linux';
	}
}

function missingFileSystems(): string[] {
	const known = readFileSync('/proc/filesystems', 'utf8');
	return /\boverlay$/m.test(known) ? [] : ['overlayfs is not in the kernel or not loaded: containers cannot start'];
}
