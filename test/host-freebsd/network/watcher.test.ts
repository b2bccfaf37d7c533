import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import test from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { HostEvent } from '#host/driver.ts';
import { Watcher, type WatchSession } from '#host/freebsd/network/watcher.ts';
import type { Script } from '#os/shell/quote.ts';
import { eventually } from '#test/testbed/eventually.ts';
import { ScriptHost } from '../sandbox/scripts.ts';
import { emptyHost } from './stand-in.ts';

/** As route(8) prints what it hears. */
const HEARD = (kind: string) => `
got message of size 192 on Tue Nov 24 07:00:00 2026
${kind}: something happened: len 192, metric 0, flags:<>
sockaddrs: <NETMASK,IFP,IFA,BRD>
 255.255.255.0 vtnet0 10.0.2.15 10.0.2.255
`;

/** A host whose route says what is in the file `heard`, waits, and notes that it is gone. */
async function watched(heard: string, last: string) {
	const there = await ScriptHost.open(emptyHost());
	there.install('heard', heard);
	there.install('ended', '');
	there.install('stdbuf', '#!/bin/sh\nshift 2; exec "$@"\n');
	there.install(
		'route',
		`#!/bin/sh\ntrap 'echo "$*" >>${there.folder}/ended; kill $! 2>/dev/null; exit 0' TERM\ncat ${there.folder}/heard\n${last}\n`,
	);
	const events: HostEvent[] = [];
	let opened = 0;
	const open = async (script: Script): Promise<WatchSession> => {
		opened += 1;
		const env = { PATH: `${there.folder}:/usr/bin:/bin` };
		const child = spawn('/bin/sh', ['-c', script.text], { env, stdio: ['pipe', 'pipe', 'ignore'] });
		const exited = once(child, 'exit').then(([code]) => Number(code));
		return { stdin: child.stdin, stdout: child.stdout, exited, close: () => child.stdout.destroy() };
	};
	const log = { warn: () => {} };
	const watcher = new Watcher({ open, tell: (event) => events.push(event), log, again: 50 });
	return { there, events, watcher, opened: () => opened };
}

const WAIT = 'sleep 30 >/dev/null & wait $!';

test('changes of addresses are told, many at once as one, and the monitor ends with its watcher', async () => {
	const { there, events, watcher } = await watched(HEARD('RTM_NEWADDR') + HEARD('RTM_ADD').repeat(20), WAIT);
	await eventually('a change is told', () => events.length > 0);
	await pause(300);
	assert.deepEqual(events, [{ kind: 'addressing-changed' }]);
	watcher.close();
	await eventually('the monitor ends', () => there.read('ended').includes('-n monitor'));
	await there[Symbol.asyncDispose]();
});

test('so they are where route(8) listens by netlink, as from FreeBSD 14 on', async () => {
	for (const line of [
		'20:19:41.333 add/repl addr 10.4.6.1/24 iface kleene0 ',
		'20:19:41.333 PID  812 delete route 10.9.0.0/24 gw 10.0.2.2 iface vtnet0 mtu 1500 table inet.0',
	]) {
		const { there, events, watcher } = await watched(`${line}\n`, WAIT);
		await eventually('a change is told', () => events.length > 0);
		watcher.close();
		await eventually('the monitor ends', () => there.read('ended') !== '');
		await there[Symbol.asyncDispose]();
	}
});

test('interfaces that come and go without an address wake nobody', async () => {
	const netlink = [
		'20:19:41.333 add/repl iface iface#7 epair0a admin UP oper UP mtu 1500 ',
		'20:19:41.334 add/repl neigh 10.4.6.2 state REACHABLE lladdr 02:00:00:00:00:07 iface kleene0 ',
	].join('\n');
	const said = `${HEARD('RTM_IFANNOUNCE')}${HEARD('RTM_IFINFO')}${netlink}\n`;
	const { there, events, watcher } = await watched(said, WAIT);
	await pause(600);
	assert.deepEqual(events, []);
	watcher.close();
	await eventually('the monitor ends', () => there.read('ended') !== '');
	await there[Symbol.asyncDispose]();
});

test('a monitor that ends is begun again, and what happened meanwhile is looked at', async () => {
	const { there, events, watcher, opened } = await watched('', 'exit 1');
	await eventually('another monitor', () => events.length > 0 && opened() > 1);
	assert.deepEqual(events[0], { kind: 'addressing-changed' });
	watcher.close();
	await pause(100);
	await there[Symbol.asyncDispose]();
});
