/** The image of the own distribution, made of packages that come over the network. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { Paths } from '#host/linux/paths.ts';
import { LinuxLayers } from '#host/linux/storage/layers.ts';
import { LinuxStorage } from '#host/linux/storage/storage.ts';
import { goOnline } from '#test/testbed/online.ts';
import { scratch } from './scratch.ts';

goOnline();

const IMAGE = 'abcdef012345';
const CONTAINER = 'c0ffee012345';
const PART = {
	kind: 'layer',
	layer: IMAGE,
	below: [],
	source: { kind: 'distribution' },
	dns: false,
	localtime: false,
} as const;

/** Namespaces of its own for everything; what is started in there ends with it. */
const INSIDE = `cd "$1" && mount -t proc proc proc && mount -t tmpfs tmpfs dev && mknod -m 666 dev/null c 1 3 &&
exec chroot . /bin/sh -c "$2"`;

function runInside(root: string, script: string): string {
	const namespaces = ['--mount', '--pid', '--net', '--uts', '--ipc', '--fork', '--kill-child'];
	const argv = [...namespaces, '/bin/sh', '-c', INSIDE, 'sh', root, script];
	const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };
	return execFileSync('unshare', argv, { encoding: 'utf8', env, timeout: 60_000 });
}

const TOOLS = `set -e
ip link set lo up
ifconfig -a | grep -q 'inet 127.0.0.1'
ping -V >/dev/null && ping -c 1 -W 2 127.0.0.1 >/dev/null
ip route >/dev/null && netstat -rn >/dev/null && ps aux >/dev/null
mkdir -p /srv && echo served >/srv/index.html
httpd -p 127.0.0.1:8080 -h /srv && wget -q -O - http://127.0.0.1:8080/index.html
(echo through | nc -l 127.0.0.1 9000 >/tmp/out &)
until nc -z 127.0.0.1 9000; do sleep 0.1; done
echo a b | awk '{ print $2 }' | sed s/b/c/ | grep c
su daemon -s /bin/sh -c 'id -un'
getent hosts localhost >/dev/null; getent services http
hostname tested && hostname`;

const SERVICES = `/bin/sh /etc/rc | cat
/bin/sh /etc/rc.shutdown
/bin/sh /etc/rc </dev/null; echo "code $?"
kill -0 "$(cat /run/syslogd.pid)" && echo running
logger hello; until grep -q hello /var/log/messages; do sleep 0.1; done; grep -c hello /var/log/messages
pid=$(cat /run/syslogd.pid)
/bin/sh /etc/rc.shutdown; echo "code $?"
while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done; echo stopped`;

test('the image of the own distribution is a small system that works', async (context) => {
	const paths = new Paths(join(scratch(context), 'kleene'));
	const [images, storage] = [new LinuxLayers(paths), new LinuxStorage(paths)];
	const said: string[] = [];
	await images.make(PART, { progress: (text) => said.push(text) });
	assert.match(said[0] ?? '', /^Fetching the packages of /);
	assert.ok(said.length >= 5, 'something is said as it goes');
	const root = paths.layer(IMAGE);
	assert.match(readFileSync(join(root, 'etc/passwd'), 'utf8'), /^root:x:0:0:root:\/root:\/bin\/bash$/m);
	assert.equal(statSync(join(root, 'etc/shadow')).mode & 0o777, 0o640);
	for (const gone of ['etc/apt', 'etc/resolv.conf', 'etc/hostname', 'usr/share/doc', 'var/cache/apt'])
		assert.equal(existsSync(join(root, gone)), false, gone);
	const kilobytes = Number.parseInt(execFileSync('du', ['-sk', root], { encoding: 'utf8' }), 10);
	assert.ok(kilobytes < 80_000, `${kilobytes} kB`);
	await storage.rootFiles.make({ kind: 'root-files', container: CONTAINER, layers: [IMAGE] }, {});
	const mount = { kind: 'root-mount', container: CONTAINER, layers: [IMAGE] } as const;
	await storage.rootMount.make(mount, {});
	const inside = paths.containerRoot(CONTAINER);
	assert.equal(runInside(inside, TOOLS), 'served\nc\ndaemon\nhttp                  80/tcp www\ntested\n');
	assert.equal(runInside(inside, SERVICES), 'code 0\nrunning\n1\ncode 0\nstopped\n');
	await storage.rootMount.unmake(mount, {});
});

test('a daemon that is killed meanwhile leaves no process, and what it leaves can be removed', async (context) => {
	const paths = new Paths(join(scratch(context), 'kleene'));
	const script = `
		import { LinuxLayers } from '#host/linux/storage/layers.ts';
		import { Paths } from '#host/linux/paths.ts';
		const images = new LinuxLayers(new Paths(${JSON.stringify(paths.root)}));
		await images.make(${JSON.stringify(PART)}, { progress: (text) => process.stdout.write(text) });`;
	const daemon = spawn(process.execPath, ['--input-type=module-typescript', '--eval', script], {
		stdio: ['ignore', 'pipe', 'inherit'],
		cwd: join(import.meta.dirname, '../../..'),
	});
	for await (const chunk of daemon.stdout) if (/extracting|downloading/.test(String(chunk))) daemon.kill('SIGKILL');
	assert.equal(daemon.signalCode ?? 'SIGKILL', 'SIGKILL');
	for (let attempt = 0; processesNaming(paths.root).length > 0; attempt += 1) {
		assert.ok(attempt < 400, `still there: ${processesNaming(paths.root)}`);
		await setTimeout(50);
	}
	const images = new LinuxLayers(paths);
	assert.equal(existsSync(paths.layer(IMAGE)), false);
	assert.deepEqual(images.observe(), [IMAGE]);
	await images.unmake(PART);
	assert.deepEqual(images.observe(), []);
});

function processesNaming(path: string): string[] {
	return readdirSync('/proc')
		.filter((name) => /^[0-9]+$/.test(name) && name !== String(process.pid))
		.filter((pid) => {
			try {
				return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(path);
			} catch {
				return false;
			}
		});
}
