/** What is written into the /etc/hosts of containers, by the real sh: from the host, and from inside of a mount namespace. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
	existsSync,
	lstatSync,
	mkdirSync,
	mkdtempSync,
	readFileSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { blockOf, INSIDE, ownBlockOf, rewriteFromHost, tagOf } from '#host/freebsd/dns/hosts-script.ts';
import { IN_ROOT } from '#host/freebsd/storage/inroot.ts';
import { lines } from '#os/shell/quote.ts';

const OWN = '# mine\n::1\tlocalhost\n127.0.0.1\tlocalhost # kleene is not here\n\n  10.9.9.9 a\\b  \n';
const TESTNET = { network: '2f1dc29b8f36', name: 'testnet', entries: [{ address: '10.4.6.2', names: ['web'] }] };
const OTHER = { network: '0123456789ab', name: 'other', entries: [{ address: '10.4.7.2', names: ['db'] }] };

function root(t: TestContext, hosts?: string): string {
	const folder = mkdtempSync(join(tmpdir(), 'kleene-hosts-'));
	t.after(() => rmSync(folder, { recursive: true, force: true }));
	mkdirSync(join(folder, 'root/etc'), { recursive: true });
	if (hosts !== undefined) writeFileSync(join(folder, 'root/etc/hosts'), hosts);
	return join(folder, 'root');
}

function fromHost(place: string, block: string): void {
	const script = lines(IN_ROOT, rewriteFromHost(place, block)).text;
	execFileSync('/bin/sh', ['-ec', script], { timeout: 20_000 });
}

/** As jexec(8) runs it: nothing of the container's /etc can lead outside of the mount namespace. */
function inside(place: string, tags: string, block: string): number | null {
	const confined = 'mount --bind "$0" /etc && exec /bin/sh -c "$@"';
	const argv = ['-m', '/bin/sh', '-c', confined, join(place, 'etc'), INSIDE.text, 'sh', tags, block];
	return spawnSync('unshare', argv, { timeout: 20_000 }).status;
}

const hostsOf = (place: string) => readFileSync(join(place, 'etc/hosts'), 'utf8');

test('a block between two lines, beside what the user wrote', (t) => {
	const place = root(t, OWN);
	fromHost(place, `${blockOf(TESTNET)}${ownBlockOf([{ address: '127.0.0.1', names: ['me'] }])}`);
	const tag = '\t# kleene:2f1dc29b8f36\n';
	assert.equal(
		hostsOf(place),
		`${OWN}# members of network testnet, kept up to date by kleened${tag}10.4.6.2\tweb${tag}# end of network testnet${tag}127.0.0.1\tme\t# kleene:own\n`,
	);
	fromHost(place, '');
	assert.equal(hostsOf(place), OWN);
	assert.ok(!existsSync(join(place, 'etc/.hosts.kleene')));
});

test('the C library finds the names, and not what is behind the mark', (t) => {
	const place = root(t, '127.0.0.1 localhost');
	fromHost(place, blockOf(TESTNET));
	const argv = ['-m', '/bin/sh', '-c', 'mount --bind "$0" /etc && getent hosts web', join(place, 'etc')];
	assert.match(spawnSync('unshare', argv).stdout.toString(), /^10\.4\.6\.2 +web\n$/);
	assert.match(hostsOf(place), /^127\.0\.0\.1 localhost\n# members/, 'a last line without its end stays a line');
});

test('in a container that runs, the block of one network is exchanged and the others stay', (t) => {
	const place = root(t, OWN);
	assert.equal(inside(place, tagOf(TESTNET.network), blockOf(TESTNET)), 0);
	assert.equal(inside(place, tagOf(OTHER.network), blockOf(OTHER)), 0);
	writeFileSync(join(place, 'etc/hosts'), `${hostsOf(place)}192.0.2.1\tadded\n`);
	const moved = { ...TESTNET, entries: [{ address: '10.4.6.9', names: ['web'] }] };
	assert.equal(inside(place, tagOf(TESTNET.network), blockOf(moved)), 0);
	assert.equal(hostsOf(place), `${OWN}${blockOf(OTHER)}192.0.2.1\tadded\n${blockOf(moved)}`);
	assert.equal(inside(place, tagOf(OTHER.network), ''), 0);
	assert.equal(inside(place, tagOf(TESTNET.network), ''), 0);
	assert.equal(hostsOf(place), `${OWN}192.0.2.1\tadded\n`);
});

test('links lead nowhere outside of the container', (t) => {
	const place = root(t);
	const outside = join(place, '../outside');
	mkdirSync(outside);
	writeFileSync(join(outside, 'hosts'), 'of the host\n');
	symlinkSync(join(outside, 'hosts'), join(place, 'etc/hosts'));
	fromHost(place, blockOf(TESTNET));
	assert.equal(readFileSync(join(outside, 'hosts'), 'utf8'), 'of the host\n');
	assert.equal(readFileSync(join(place, outside, 'hosts'), 'utf8'), blockOf(TESTNET), 'where the link leads inside');
	// The name of the file that is written first.
	const trap = root(t, OWN);
	symlinkSync(join(outside, 'hosts'), join(trap, 'etc/.hosts.kleene'));
	fromHost(trap, blockOf(TESTNET));
	assert.equal(readFileSync(join(outside, 'hosts'), 'utf8'), 'of the host\n');
	assert.equal(hostsOf(trap), `${OWN}${blockOf(TESTNET)}`);
});

test('what is no plain file is left alone, and links in a circle are no reason not to start', (t) => {
	const place = root(t);
	execFileSync('mkfifo', [join(place, 'etc/hosts')]);
	fromHost(place, blockOf(TESTNET));
	assert.ok(lstatSync(join(place, 'etc/hosts')).isFIFO());
	rmSync(join(place, 'etc/hosts'));
	symlinkSync('hosts', join(place, 'etc/hosts'));
	fromHost(place, blockOf(TESTNET));
	assert.ok(lstatSync(join(place, 'etc/hosts')).isSymbolicLink());
});

test('a container without /etc gets one only where there is something to write', (t) => {
	const place = root(t);
	rmSync(join(place, 'etc'), { recursive: true });
	fromHost(place, '');
	assert.ok(!existsSync(join(place, 'etc')));
	fromHost(place, blockOf(TESTNET));
	assert.equal(hostsOf(place), blockOf(TESTNET));
});
