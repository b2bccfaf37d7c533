import { once } from 'node:events';
import { KleeneError } from '#errors/kleene-error.ts';
import type { HostCapture } from '#host/driver/traffic.ts';
import { bothFilters, type CaptureRequest, eitherFilter } from '#model/traffic/capture.ts';
import { CommandError, type Opened, open } from '#os/exec.ts';
import { listIndices } from '#os/linux/netlink/link/indices.ts';
import { within } from '#os/linux/netns.ts';
import { endOf, isAboutFilter, wordsOf } from './tcpdump-words.ts';

/** Milliseconds until tcpdump has compiled the filter, names of machines in it included. */
const PATIENCE = 10_000;
/** Kibibytes of the kernel for packets that wait to be read. */
const BUFFER = 32_768;
/** Bytes that are kept of a packet: what segmentation offload makes of many is one packet of up to 64 KiB. */
const SNAP = 65_535;

/**
 * tcpdump parses bytes of strangers: it runs as its own user, with the one capability that it needs, and can write to no file.
 * A change of the user by tcpdump itself (`-Z`) would take back that it ends with the daemon (prctl(2), PR_SET_PDEATHSIG).
 */
const CONFINED = [
	...['env', '-i', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL=C'],
	...['setpriv', '--reuid=tcpdump', '--regid=tcpdump', '--clear-groups', '--no-new-privs', '--pdeathsig=KILL'],
	...['--inh-caps=-all,+net_raw', '--ambient-caps=-all,+net_raw', '--bounding-set=-all,+net_raw'],
	...['prlimit', '--fsize=0', '--core=0', '--'],
];

/** @param namespace descriptor; undefined: the one of this process */
export async function beginCapture(namespace: number | undefined, request: CaptureRequest): Promise<HostCapture> {
	const argv = [...CONFINED, 'tcpdump', ...argumentsFor(request, listIndices(namespace))];
	const process = await openWithin(namespace, argv);
	let said = '';
	process.stderr.setEncoding('utf8').on('data', (text: string) => {
		said = (said + text).slice(-8192);
	});
	const read = once(process.stderr, 'close');
	const ended = process.exited.then(async (code) => {
		await read;
		return endOf(said, code);
	});
	await begun(process, () => said, request);
	return {
		output: process.stdout,
		interfaces: () => listIndices(namespace),
		stop: () => process.kill('SIGINT'),
		abandon: () => {
			process.kill('SIGKILL');
			process.abandon();
		},
		ended,
	};
}

/** @param indices names of interfaces by their numbers */
function argumentsFor(request: CaptureRequest, indices: ReadonlyMap<number, string>): string[] {
	const { interfaces, form, count } = request;
	const [only, ...others] = interfaces;
	const one = only !== undefined && others.length === 0 ? only : undefined;
	const filter = bothFilters(one ? one.filter : eitherFilter(onThese(interfaces, indices)), request.filter);
	const output = form === 'packets' ? ['-U', '-w', '-'] : ['-l'];
	return [
		...['-i', one?.name ?? 'any', '-nn', '--immediate-mode', '-B', String(BUFFER), '-s', String(SNAP)],
		...output,
		...['-c', String(count), '--', ...(filter === '' ? [] : [filter])],
	];
}

/** Packets of several interfaces are captured on all of them, and told apart by its number. */
function onThese(interfaces: CaptureRequest['interfaces'], indices: ReadonlyMap<number, string>): string[] {
	const numbers = new Map([...indices].map(([index, name]) => [name, index]));
	// One that is gone has no packets: 0 is the number of none.
	return interfaces.map(({ name, filter }) => bothFilters(`ifindex ${numbers.get(name) ?? 0}`, filter));
}

function openWithin(namespace: number | undefined, argv: readonly string[]): Promise<Opened> {
	const start = () => ({ opening: open(argv) });
	return (namespace === undefined ? start() : within(namespace, start)).opening;
}

/** Resolves when tcpdump listens. */
async function begun(process: Opened, said: () => string, request: CaptureRequest): Promise<void> {
	const { promise, resolve, reject } = Promise.withResolvers<void>();
	const look = () => {
		if (/listening on /.test(said())) resolve();
	};
	const refuse = () => reject(refusal(said(), request));
	process.stderr.on('data', look).once('close', refuse);
	const timer = setTimeout(() => {
		process.kill('SIGKILL');
		reject(refusal(`tcpdump: it was not ready within ${PATIENCE / 1000} s`, request));
	}, PATIENCE);
	try {
		await promise;
	} finally {
		clearTimeout(timer);
		process.stderr.off('data', look).off('close', refuse);
	}
}

function refusal(said: string, { filter }: CaptureRequest): KleeneError {
	const what = 'cannot capture packets';
	if (/failed to (execute|parse)|No such file/.test(said))
		return new KleeneError({
			code: 'UNSUPPORTED_HERE',
			what,
			why: 'the host has no tcpdump',
			hint: 'install it there with "apt-get install tcpdump"',
			cause: new CommandError(['tcpdump'], 'not found', { stderr: said }),
		});
	if (filter !== '' && isAboutFilter(said))
		return new KleeneError({
			code: 'INVALID_ARGUMENT',
			what: `cannot use the filter '${filter.slice(0, 80)}'`,
			why: `tcpdump says: ${wordsOf(said)}`,
			hint: 'write it as for tcpdump, e.g. "tcp port 80 and host 10.4.6.2"; see pcap-filter(7)',
		});
	return new KleeneError({
		code: 'HOST_FAILED',
		what,
		why: `tcpdump says: ${wordsOf(said)}`,
		hint: 'see the log of kleened, or try tcpdump on the host',
	});
}
