/** Parsers of what tools, the kernel and files say, with recordings that are damaged: no crash, no hang. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type fc from 'fast-check';
import { readConfigFile } from '#daemon/configuration/config-file.ts';
import { readDockerfile } from '#engine/dockerfile/read.ts';
import { parseJailParameters } from '#engine/plan/jail/parameters.ts';
import { isKleeneError } from '#errors/kleene-error.ts';
import { parseNameServers } from '#host/linux/dns/upstreams.ts';
import { readStatus } from '#host/linux/sandbox/init-status.ts';
import { parseAddress } from '#inet/address.ts';
import { parseMac } from '#inet/mac.ts';
import { parseSubnet } from '#inet/subnet.ts';
import { parseIfconfig } from '#os/freebsd/ifconfig.ts';
import { parseJails } from '#os/freebsd/jail.ts';
import { parseMounts } from '#os/freebsd/mount.ts';
import { parseRoutes } from '#os/freebsd/netstat.ts';
import { isEnabled, labelOf, parseAnchorCalls, parseAnchors, parseFaults, parseSkipped } from '#os/freebsd/pfctl.ts';
import { countProcesses } from '#os/freebsd/ps.ts';
import { parseDatasets } from '#os/freebsd/zfs.ts';
import { parseMountInfo } from '#os/linux/mounts.ts';
import { decodeAttributes, encodeAttributes, nested, text, u32 } from '#os/linux/netlink/attributes.ts';
import { decodeConnection, matcher } from '#os/linux/netlink/filter/conntrack-codec.ts';
import { decodeLink } from '#os/linux/netlink/link/links.ts';
import { decodeQdisc } from '#os/linux/netlink/link/qdiscs.ts';
import { decodeMessages, decodeOutcome, encodeMessage } from '#os/linux/netlink/messages.ts';
import { decodeAddress } from '#os/linux/netlink/route/addresses.ts';
import { parseRecord } from '#os/linux/oci/log-records.ts';
import { RecordFiles } from '#store/records/files.ts';
import { RECORD_KINDS } from '#store/records/records.ts';
import { recordings } from '#test/host-freebsd/recordings.ts';
import { holds } from './amount.ts';
import { changedBytes, changedText } from './mutations.ts';

/** Milliseconds that one input may take, on a busy machine. */
const PATIENCE = 1000;

const RECORDED = recordings.flatMap(({ stdout, stderr }) => [stdout, stderr]).filter((text) => text !== '');
const JSON_RECORDED = RECORDED.filter((text) => text.startsWith('{'));

/** Parsers of text, with what they usually read. */
const TEXT: Readonly<Record<string, readonly [parse: (text: string) => unknown, samples: readonly string[]]>> = {
	'ifconfig(8)': [parseIfconfig, RECORDED.filter((text) => text.includes('flags='))],
	'netstat(1)': [parseRoutes, JSON_RECORDED],
	'jls(8)': [parseJails, JSON_RECORDED],
	'mount(8)': [parseMounts, JSON_RECORDED],
	'zfs(8)': [parseDatasets, RECORDED.filter((text) => text.includes('zroot'))],
	'ps(1)': [countProcesses, ['3\n3\n0\n17\n']],
	'pfctl(8)': [
		(text) =>
			[isEnabled, parseAnchors, parseAnchorCalls, parseSkipped, labelOf, parseFaults].map((parse) => parse(text)),
		RECORDED,
	],
	'/proc/self/mountinfo': [
		parseMountInfo,
		[
			'36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n1 0 0:1 / /a\\040b rw - tmpfs x rw\n',
		],
	],
	'resolv.conf(5)': [
		parseNameServers,
		['nameserver 10.4.6.1\nnameserver fe80::1%eth0\noptions edns0\n# x\nsearch a b\n'],
	],
	'jail parameters': [
		(text) => parseJailParameters(text.split('\n'), { os: 'linux', jailParameters: 'mapped' } as never),
		['allow.raw_sockets\nexec.start="true; false"\nhost.hostname=web\nexec.timeout=7\nchildren.max=0\nnoallow.mlock'],
	],
	Dockerfile: [
		// Long ones take long, and are not more hostile than short ones.
		(text) => readDockerfile(text.slice(0, 5000)),
		[
			'# escape=`\nARG V=1\nFROM debian:$V AS base\nRUN --mount=type=cache echo "a" && `\n  true\nENV A="b c" D=$V\n',
			'FROM scratch\nCOPY --from=base --chown=0:0 ["a b", "/c/"]\nADD http://x/y /z\nCMD ["sh", "-c", "true"]\nEXPOSE 80/tcp\n',
			'FROM x\nHEALTHCHECK --interval=5s CMD true\nUSER 1:1\nWORKDIR /a\nVOLUME ["/v"]\nLABEL a=b "c d"=e\nONBUILD RUN x\n',
			'FROM x\nRUN <<EOF\necho\nEOF\nSTOPSIGNAL SIGTERM\nSHELL ["/bin/sh"]\nENTRYPOINT true\n',
		],
	],
	addresses: [
		(text) => [parseAddress, parseSubnet, parseMac].map((parse) => parse(text)),
		['10.4.6.2/24', 'fd00::1', '02:00:00:00:00:01'],
	],
};

/** A programming error is none of these, and neither is an answer of another shape that crashes later. */
function requireCalm(run: () => unknown, isRefusal: (error: unknown) => boolean): void {
	const began = performance.now();
	try {
		run();
	} catch (error) {
		if (!isRefusal(error)) throw error;
	}
	const took = performance.now() - began;
	assert.ok(took < PATIENCE, `${took} ms`);
}

const inWords = (error: unknown) => isKleeneError(error) || error instanceof SyntaxError;

async function survives<T>(
	context: TestContext,
	inputs: fc.Arbitrary<T>,
	parse: (input: T) => unknown,
	isRefusal: (error: unknown) => boolean = inWords,
): Promise<void> {
	await holds(context, { count: 250, of: inputs }, (input) => requireCalm(() => parse(input), isRefusal));
}

for (const [name, [parse, samples]] of Object.entries(TEXT))
	test(`damaged text for ${name}`, async (context) => {
		for (const sample of samples.slice(0, 3)) requireCalm(() => parse(sample), inWords);
		await survives(context, changedText(samples), parse);
	});

const CONNECTION = Buffer.concat([
	Buffer.of(2, 0, 0, 0),
	encodeAttributes([
		nested(1, [nested(1, [u32(1, 1), u32(2, 2)]), nested(2, [u32(1, 6), u32(2, 80), u32(3, 8080)])]),
		nested(2, [nested(1, [u32(1, 2), u32(2, 1)]), nested(2, [u32(1, 6), u32(2, 80), u32(3, 8080)])]),
		u32(3, 8),
	]),
]);
const LINK = Buffer.concat([
	Buffer.alloc(16, 1),
	encodeAttributes([text(3, 'epair0a'), u32(4, 1500), nested(18, [text(1, 'veth')])]),
]);
const MESSAGES = Buffer.concat([
	encodeMessage({ type: 16, flags: 2, sequence: 1, payload: LINK }),
	encodeMessage({ type: 2, flags: 0x300, sequence: 1, payload: Buffer.concat([Buffer.alloc(24), LINK]) }),
]);

/** Decoders of the messages of the kernel. Those of fixed structures may find them too short. */
const BINARY: Readonly<Record<string, readonly [decode: (bytes: Buffer) => unknown, samples: readonly Buffer[]]>> = {
	messages: [(bytes) => decodeMessages(bytes).map(decodeOutcome), [MESSAGES]],
	attributes: [decodeAttributes, [LINK, CONNECTION]],
	links: [decodeLink, [LINK]],
	addresses: [decodeAddress, [LINK]],
	'queueing disciplines': [decodeQdisc, [LINK]],
	connections: [
		(bytes) => [decodeConnection(bytes), matcher([{ protocol: 6, original: { source: '10.4.6.2' } }])(bytes)],
		[CONNECTION],
	],
};

for (const [name, [decode, samples]] of Object.entries(BINARY))
	test(`damaged netlink ${name}`, async (context) => {
		const tooShort = (error: unknown) => error instanceof Error && !(error instanceof TypeError);
		await survives(context, changedBytes(samples), decode, tooShort);
	});

test('damaged lines of conmon’s log', async (context) => {
	const lines = [
		'2026-11-30T20:00:00.123456789+00:00 stdout F hello',
		'2026-11-30T20:00:00.123456789-05:30 stderr P x',
	];
	await survives(context, changedText(lines), (line) => parseRecord(Buffer.from(line)));
	await survives(context, changedBytes(lines.map((line) => Buffer.from(line))), parseRecord);
});

test('damaged files: the configuration of the daemon, the status of an init, records beside the database', async (context) => {
	const directory = mkdtempSync(join(tmpdir(), 'kleene-fuzz-'));
	try {
		const file = join(directory, 'file');
		const configuration = [
			'dns: [10.4.6.1]',
			'max_macs: 7',
			'log_level: info',
			'api_listening_sockets:',
			' - address: http:///x',
		];
		const read = (parse: () => unknown) => (text: string) => {
			writeFileSync(file, text.slice(0, 2000));
			return parse();
		};
		await survives(
			context,
			changedText([configuration.join('\n'), 'a: &a [*a, *a]\nb: *a']),
			read(() => readConfigFile(file)),
		);
		await survives(
			context,
			changedText(['12\n', '12\n7\n']),
			read(() => readStatus(file)),
		);
		const record = JSON.stringify({
			format: 3,
			container: { id: '0', image: 'a' },
			endpoints: [{}],
			network: {},
			layer: {},
		});
		const records = RECORD_KINDS.map((kind) => join(directory, 'records', kind));
		for (const folder of records) mkdirSync(folder, { recursive: true });
		await survives(context, changedText([record, 'null', '[]']), (text) => {
			for (const folder of records) writeFileSync(join(folder, '0123456789ab.json'), text);
			return new RecordFiles(directory).readAll();
		});
	} finally {
		rmSync(directory, { recursive: true });
	}
});
