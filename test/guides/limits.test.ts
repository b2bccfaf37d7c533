/** Guides: limits of resources, and restarting containers. */
import { after, before } from 'node:test';
import type { HostUnderTest } from '#test/testbed/host-contract.ts';
import { guide, LINUX_ALONE, ONE_ID, row, startGuideHost } from './guide.ts';

let host: HostUnderTest;

before(async () => {
	host = await startGuideHost();
});
after(() => host.close());

/** A line that does not end is kept whole. */
const HOG = 'head -c 50000000 /dev/zero | tail >/dev/null';
const FORKS = 'n=0; while [ $n -lt 30 ]; do sleep 60 & n=$((n+1)); done; echo all; kill $(jobs -p)';

guide(
	'resource limits',
	() => host,
	[
		[`klee run --name hog --memory 16m Debian sh -c '${HOG}; echo survived'`, { code: 0, out: /^(survived\n)?$/ }],
		['klee isc hog', { out: /"memory": 16777216/ }],
		['klee container update --memory 256m hog', { out: ONE_ID }],
		['klee start hog', { out: 'survived\n' }],
		[`klee run --rm --pids-limit 12 Debian sh -c '${FORKS}'`, { code: 2, err: /[Cc]annot fork/, not: /^all$/m }],
		['klee run -d --name slow --cpus 0.5 --memory 64m --pids-limit 50 Debian sleep 600', {}],
		['klee stats --no-stream slow', { out: row('slow', 'of 67.1 MB') }],
		['klee isc slow', { out: [/"cpus": 0\.5/, /"pids": 50/] }],
		['klee run --memory lots Debian true', { code: 125, out: '', err: /lots/ }],
		['klee run --cpus 0 Debian true', { code: 125, out: '', err: /cpus/ }],
		['klee stop -t 0 slow', {}],
		['klee rmc hog slow', {}],
	],
	{},
	LINUX_ALONE,
);

const restartDaemon = async (host: HostUnderTest) => {
	await host.stopDaemon();
	await host.startDaemon();
};

guide('restarting containers', () => host, [
	['klee run -d --name boot --restart on-startup Debian sh -c "echo started; exec sleep 600"', {}],
	['klee run -d --name hand Debian sleep 600', {}],
	['klee lsc', { out: [row('boot', 'yes', 'running'), row('hand', 'no', 'running')] }],
	// A container that runs is adopted, its command is not run a second time.
	['klee stop -t 0 hand', { out: ONE_ID, host: restartDaemon }],
	['klee lsc', { out: row('boot', 'running'), not: /hand/ }],
	['klee logs boot', { out: 'started\n' }],
	['klee stop -t 0 boot', { out: ONE_ID, host: restartDaemon }],
	['klee logs boot', { out: 'started\nstarted\n', soon: true }],
	['klee container update --restart no boot', { out: ONE_ID }],
	['klee stop -t 0 boot', { out: ONE_ID, host: restartDaemon }],
	['klee lsc', { not: /boot/ }],
	['klee run -d --name flaky --restart on-failure:2 Debian sh -c "echo try; exit 3"', {}],
	['klee isc flaky', { out: [/"restarts": 2/, /"running": false/], soon: true }],
	['klee logs flaky', { out: 'try\ntry\ntry\n' }],
	['klee rmc boot hand flaky', {}],
]);
