/** `npm run demo -- --console`: containers that talk, some of them in vain, and the page that shows it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { KLEE } from '../../test/testbed/programs/paths.ts';
import type { TestHost } from '../../test/testbed/test-host.ts';
import type { Narrator } from './narrator.ts';

/** Everything ends by itself within the hour. Seconds. */
const LONGEST = 3600;
const SERVE = ['busybox', 'httpd', '-f', '-h', '/etc', '-p'];
const STAY = ['sleep', `${LONGEST}`];

/** A shell that does it once a second. */
function again(command: string): string[] {
	return ['/bin/sh', '-c', `i=0; while [ $i -lt ${LONGEST} ]; do i=$((i + 1)); ${command}; sleep 1; done`];
}

function fetching(...places: readonly string[]): string[] {
	return again(places.map((place) => `busybox wget -q -T 1 -O /dev/null http://${place}/os-release`).join('; '));
}

/** Who does not reach whom, and why, is left to the reader of the page. */
export async function talking(demo: Narrator): Promise<void> {
	demo.chapter('Containers that talk, some of them in vain');
	await demo.klee('image', 'create', '-t', 'Debian', 'fetch-auto');
	const network = (name: string, third: number, ...more: readonly string[]) =>
		demo.klee('network', 'create', '-t', 'bridge', '--subnet', `10.4.${third}.0/24`, ...more, name);
	const run = (name: string, network: string, options: readonly string[], command: readonly string[]) =>
		demo.klee('run', '-d', '--name', name, '-l', 'vnet', '-n', network, ...options, 'Debian', ...command);
	await network('front', 6);
	await network('back', 7, '--internal');
	await network('guests', 8, '--icc', 'false');
	await run('web', 'front', ['-p', '8080:80'], [...SERVE, '80']);
	await run('db', 'back', [], [...SERVE, '5432']);
	await run('silent', 'front', [], STAY);
	await run('guest', 'guests', [], [...SERVE, '80']);
	await run('visitor', 'guests', [], fetching('guest'));
	await run('client', 'front', [], fetching('web', 'silent', '10.4.7.2:5432'));
	await demo.klee('network', 'connect', 'back', 'web');
	// What a VPN does: two routes that cover everything lead into its tunnel.
	await demo.onHost('ip', 'tuntap', 'add', 'vpn0', 'mode', 'tun');
	await demo.onHost('ip', 'link', 'set', 'vpn0', 'up');
	for (const half of ['0.0.0.0/1', '128.0.0.0/1']) await demo.onHost('ip', 'route', 'add', half, 'dev', 'vpn0');
	const { stdout } = await demo.host.klee('network', 'trace', 'client', 'web:80');
	demo.check('client reaches web', stdout, /reaches web:80|reachable/);
}

/** `klee console` until Ctrl-C. */
export async function serveConsole(host: TestHost): Promise<void> {
	console.log(
		'\nThe page is at this address until you press Ctrl-C; docs/console.md has five questions to answer with it.',
	);
	const child = spawn(KLEE, ['console', '--no-open'], { stdio: 'inherit', env: host.environment });
	await once(child, 'exit');
	await host.inside('ip', 'link', 'delete', 'vpn0');
}
