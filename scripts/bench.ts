/**
 * `npm run bench [-- PART...] [--json] [--runs N]`: how fast Kleene is on this machine, beside podman where that can be
 * compared, and whether its aims are met. Peers take turns in one run. Fails only when something cannot be measured.
 * Parts: `run` (what a user waits for), `build` (a Dockerfile), `daemon` (its operations), `traffic` (packets), `scale` (beside many others), `load`
 * (with many clients and containers), `console` (its page in a browser).
 */
import { parseArgs } from 'node:util';
import { provideBaseArchive } from '../test/testbed/base-image.ts';
import { Landscape } from '../test/testbed/traffic/landscape.ts';
import { timesOfBuilds } from './bench/build.ts';
import { measureConsole } from './bench/console/frames.ts';
import { timesOfDaemon, timesOfRuns } from './bench/kleene.ts';
import { measureLoad } from './bench/load.ts';
import { PodmanPeer } from './bench/podman.ts';
import { print, type Results } from './bench/report.ts';
import { measureScale } from './bench/scale.ts';
import { measureTraffic } from './bench/traffic.ts';

const PARTS = ['run', 'build', 'daemon', 'traffic', 'scale', 'load', 'console'] as const;
type PartName = (typeof PARTS)[number];

async function measureAll(parts: ReadonlySet<PartName>, runs: number): Promise<Results> {
	const beside = (['run', 'build', 'daemon', 'traffic'] as const).some((part) => parts.has(part));
	const onHost = beside ? await measureOnHost(parts, runs) : {};
	const scale = parts.has('scale') ? { scale: await measureScale(runs) } : {};
	const load = parts.has('load') ? { load: await measureLoad() } : {};
	const page = parts.has('console') ? { console: await measureConsole() } : {};
	return { ...onHost, ...scale, ...load, ...page };
}

async function measureOnHost(parts: ReadonlySet<PartName>, runs: number): Promise<Results> {
	const archive = await provideBaseArchive();
	const landscape = await Landscape.start();
	const { host } = landscape;
	let podman: PodmanPeer | string | undefined;
	try {
		await host.kleeOutput('network', 'create', '-t', 'bridge', '--subnet', '10.4.6.0/24', 'bench');
		if (parts.has('run') || parts.has('build') || parts.has('traffic')) podman = await PodmanPeer.start(archive);
		const peer = podman instanceof PodmanPeer ? podman : undefined;
		const results: { -readonly [K in keyof Results]: Results[K] } = {};
		if (parts.has('run')) results.run = await timesOfRuns(host, podman ?? '', runs);
		if (parts.has('build')) results.build = await timesOfBuilds(host, podman ?? '', Math.max(3, Math.ceil(runs / 4)));
		if (parts.has('daemon')) results.daemon = await timesOfDaemon(host, runs);
		if (parts.has('traffic')) results.traffic = await measureTraffic(landscape, peer, Math.max(5, Math.ceil(runs / 4)));
		return results;
	} finally {
		if (podman instanceof PodmanPeer) await podman.close();
		await landscape.close();
	}
}

process.env.KLEENE_DAEMON_NODE_OPTIONS ??= '';
const { values, positionals } = parseArgs({
	options: { json: { type: 'boolean' }, runs: { type: 'string', default: '20' } },
	allowPositionals: true,
});
const chosen = positionals.length > 0 ? positionals : PARTS;
const unknown = chosen.find((name) => !PARTS.includes(name as PartName));
if (unknown !== undefined) throw new Error(`there is no part ${unknown}; parts: ${PARTS.join(', ')}`);
const results = await measureAll(new Set(chosen as PartName[]), Math.max(2, Number(values.runs) || 20));
if (values.json) console.log(JSON.stringify(results, null, 2));
else print(results);
