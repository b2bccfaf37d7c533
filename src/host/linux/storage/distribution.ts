/** The base image of the host's own distribution, made of a few of its packages. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { KleeneError, messageOf } from '#errors/kleene-error.ts';
import { hasCode } from '#os/errno.ts';
import { CommandError, run } from '#os/exec.ts';
import { removeTree } from '#os/linux/files/removal.ts';
import { parseRelease, type Release, selectSources } from './apt-sources.ts';
import { completeBaseSystem, PACKAGES, SUPERFLUOUS } from './base-system.ts';

const WHAT = 'cannot make the base image of this distribution';
const USE_ARCHIVE = 'give a root file system as an archive instead: klee image create -m fetch URL';
const TEN_MINUTES = 600_000;

/**
 * Run by mmdebstrap in the new root before anything is fetched. One directory for /bin and /usr/bin, as on every host
 * since 2023; and packages that would only come to rearrange an old host are not taken.
 */
const SETUP = [
	'cd "$1"',
	'for d in bin sbin lib lib64; do mkdir -p "usr/$d"; ln -s "usr/$d" "$d"; done',
	'mkdir -p etc/apt/preferences.d',
	'printf "Package: usrmerge perl\\nPin: release *\\nPin-Priority: -1\\n" >etc/apt/preferences.d/kleene',
].join(' && ');

/** Settings of apt that concern fetching. */
const FETCHING = /^Acquire::(http|https|ftp|Retries|ForceIPv4|ForceIPv6|Check-Valid-Until|Check-Date)\b/;

export interface DistributionOptions {
	/** Called with text for the user. */
	readonly progress: (text: string) => void;
	/** Ends it; its reason is thrown. */
	readonly signal: AbortSignal | undefined;
	/** Milliseconds that a server may take to connect, and between two pieces of data. */
	readonly patience: number;
}

/**
 * @param target made by this; the caller removes it when this fails
 * @throws KleeneError
 */
export async function makeDistribution(target: string, options: DistributionOptions): Promise<void> {
	const { progress, signal, patience } = options;
	const release = readRelease();
	progress(`Fetching the packages of ${release.name}...\n`);
	const settings = [...timeLimits(patience), ...(await fetchingSettings())];
	const argv = mmdebstrapArguments(target, { release, settings, sources: readSources(release) });
	// Temporary files lie beside the root, so that they go with it when the daemon is killed.
	await debootstrap(argv, { env: { TMPDIR: dirname(target) }, progress, signal });
	progress('Unpacking contents and creating image...\n');
	signal?.throwIfAborted();
	for (const path of SUPERFLUOUS) await removeTree(join(target, path));
	completeBaseSystem(target);
	progress(`Created image from the automatically detected version: ${release.name}.\n`);
}

export interface Bootstrap {
	readonly release: Release;
	/** Lines of apt.conf(5). */
	readonly settings: readonly string[];
	/** Lines of sources.list(5); none: where the release is published. */
	readonly sources: readonly string[];
}

function mmdebstrapArguments(target: string, { release, settings, sources }: Bootstrap): string[] {
	return [
		'mmdebstrap',
		'--variant=extract',
		'--format=directory',
		'--skip=chroot/mount',
		`--include=${PACKAGES.join(',')}`,
		`--setup-hook=${SETUP}`,
		...settings.map((line) => `--aptopt=${line}`),
		release.codename,
		target,
		...sources,
	];
}

/**
 * mmdebstrap and all it starts live in namespaces that end with the daemon, also when that is killed: no mount is left,
 * and nobody writes on into a tree that the next daemon is about to remove.
 */
const CONFINED = [
	...['setpriv', '--pdeathsig', 'KILL'],
	...['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--'],
];

async function debootstrap(
	argv: readonly string[],
	{ env, progress, signal }: Omit<DistributionOptions, 'patience'> & { readonly env: Readonly<Record<string, string>> },
): Promise<void> {
	let reason = '';
	const onOutput = (line: string) => {
		if (line.startsWith('E: ')) reason = line.slice(3).trim();
		if (/^I: (running apt-get update|downloading|extracting)/.test(line)) progress(line.slice(3));
	};
	try {
		await run([...CONFINED, ...argv], { env, timeout: TEN_MINUTES, onOutput, signal });
	} catch (cause) {
		signal?.throwIfAborted();
		if (cause instanceof CommandError && cause.code === 127) throw missing();
		throw failed(reason || (cause instanceof CommandError ? cause.reason : messageOf(cause)), cause);
	}
}

function failed(why: string, cause: unknown): KleeneError {
	return new KleeneError({
		code: 'IMAGE_FAILED',
		what: WHAT,
		why,
		hint: `check that "apt-get update" works on this host, or ${USE_ARCHIVE}`,
		cause,
	});
}

function missing(): KleeneError {
	return new KleeneError({
		code: 'UNSUPPORTED_HERE',
		what: WHAT,
		why: 'mmdebstrap is not installed',
		hint: `install it (apt-get install mmdebstrap), or ${USE_ARCHIVE}`,
	});
}

function readRelease(): Release {
	const text = readOptional('/etc/os-release') ?? readOptional('/usr/lib/os-release') ?? '';
	const release = parseRelease(text);
	if (release && /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(text)) return release;
	throw new KleeneError({
		code: 'UNSUPPORTED_HERE',
		what: WHAT,
		why: `${release?.name ?? 'this host'} is neither Debian nor Ubuntu`,
		hint: USE_ARCHIVE,
	});
}

function readSources(release: Release): string[] {
	const directory = '/etc/apt/sources.list.d';
	const names = listOptional(directory).filter((name) => /\.(list|sources)$/.test(name));
	const paths = ['/etc/apt/sources.list', ...names.map((name) => join(directory, name))];
	return selectSources(
		paths.map((name) => ({ name, text: readOptional(name) ?? '' })),
		release,
	);
}

/** For apt, in seconds: also for what connects, and until the next piece of data. Settings of the host come later and win. */
function timeLimits(patience: number): string[] {
	const seconds = Math.ceil(patience / 1000);
	return ['http', 'https'].map((method) => `Acquire::${method}::Timeout "${seconds}";`);
}

/** Proxies above all. */
async function fetchingSettings(): Promise<string[]> {
	try {
		const { stdout } = await run(['apt-config', 'dump', '--no-empty'], { timeout: 10_000 });
		return stdout.split('\n').filter((line) => FETCHING.test(line));
	} catch (error) {
		if (error instanceof CommandError) return [];
		throw error;
	}
}

function readOptional(path: string): string | undefined {
	try {
		return readFileSync(path, 'utf8');
	} catch (error) {
		if (hasCode(error, 'ENOENT')) return undefined;
		throw error;
	}
}

function listOptional(directory: string): string[] {
	try {
		return readdirSync(directory).toSorted();
	} catch (error) {
		if (hasCode(error, 'ENOENT')) return [];
		throw error;
	}
}
