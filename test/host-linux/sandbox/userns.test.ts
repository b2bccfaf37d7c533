/** The user namespace that stacks of vnet containers belong to, and the process that keeps it. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { OwnUserNamespace } from '#host/linux/sandbox/stack-owner.ts';
import { Stacks } from '#host/linux/sandbox/stacks.ts';
import { Rtnetlink } from '#os/linux/netlink/rtnetlink.ts';
import { closeNamespace, createNamespace, isSameNamespace, openOwnerOf } from '#os/linux/netns.ts';
import { UserNamespace } from '#os/linux/userns.ts';
import { linkNames, openDescriptors } from '#test/os/linux/namespaces.ts';
import { INIT, withoutUserNamespaces } from '#test/testbed/user-namespaces.ts';

const skip = withoutUserNamespaces;
const folder = mkdtempSync(join(tmpdir(), 'kleene-userns-'));
after(() => rmSync(folder, { recursive: true }));

/** Stands in for the init. */
function program(script: string): string {
	const path = join(folder, 'program');
	writeFileSync(path, `#!/bin/sh\n${script}\n`);
	chmodSync(path, 0o755);
	return path;
}

const spec = (netAdmin: boolean) => ({ netAdmin }) as never;

test('each network is a fresh one of that user namespace, also many at once, and nothing is left open', {
	skip,
}, async () => {
	const own = createNamespace();
	assert.equal(openOwnerOf(own), undefined);
	closeNamespace(own);
	const descriptors = openDescriptors();
	const namespace = await UserNamespace.open(INIT);
	const networks = await Promise.all(Array.from({ length: 5 }, () => namespace.createNetwork()));
	const owners = networks.map((fd) => openOwnerOf(fd) as number);
	for (const [index, fd] of networks.entries()) {
		assert.ok(isSameNamespace(owners[index]!, owners[0]!));
		assert.ok(!networks.some((other, at) => at !== index && isSameNamespace(fd, other)));
		const net = Rtnetlink.open(fd);
		assert.deepEqual(linkNames(net).slice(0, 1), ['lo']);
		net.close();
	}
	await namespace.close();
	for (const fd of [...networks, ...owners]) closeNamespace(fd);
	assert.equal(openDescriptors(), descriptors);
});

test('only stacks that containers configure belong to it, and it is found again where they are adopted', {
	skip,
}, async () => {
	const owner = await OwnUserNamespace.open(INIT);
	assert.ok(typeof owner !== 'string', String(owner));
	const stacks = new Stacks(owner);
	try {
		await stacks.make({ kind: 'stack', container: 'vvv', spec: spec(true) });
		await stacks.make({ kind: 'stack', container: 'iii', spec: spec(false) });
		const [vnet, ipnet] = [stacks.of('vvv'), stacks.of('iii')];
		assert.ok(vnet?.owner !== undefined && ipnet !== undefined && ipnet.owner === undefined);
		assert.notEqual(readlinkSync(vnet.owner), readlinkSync('/proc/self/ns/user'));
		assert.deepEqual(
			stacks.enter('vvv', (net) => net.links.list().map(({ name, up }) => [name, up])),
			[['lo', true]],
		);
	} finally {
		stacks.close();
		await owner.close();
	}
});

test('where the kernel hides parts of /proc from it, that is found out, and the process is gone', {
	skip,
}, async () => {
	const pid = join(folder, 'pid');
	const hidden = `mount -t tmpfs none /proc/tty && exec ${INIT} keeper`;
	const why = await OwnUserNamespace.open(program(`echo $$ >${pid}; exec unshare --mount sh -c '${hidden}'`));
	assert.match(String(why), /mount of \/proc and \/sys: .*EPERM.*: root in a vnet container can change the network/);
	assert.ok(!existsSync(`/proc/${readFileSync(pid, 'utf8').trim()}`));
});

test('where the kernel refuses user namespaces, or the program does not run, the reason is told', async () => {
	assert.match(String(await OwnUserNamespace.open(program("printf '\\034'; read x"))), /unshare: .*ENOSPC/);
	assert.match(String(await OwnUserNamespace.open(program('exit 3'))), /ended/);
	assert.match(String(await OwnUserNamespace.open(join(folder, 'nothing'))), /not found/);
});

test('a network that cannot be made is told of, and the next one is asked for anew', { skip }, async () => {
	const answers = ['000', '000', '034', '000'].map((byte) => `printf "\\\\${byte}"; dd bs=1 count=1 >/dev/null 2>&1;`);
	const namespace = await UserNamespace.open(program(`exec unshare --user --net sh -c '${answers.join(' ')} cat'`));
	closeNamespace(await namespace.createNetwork());
	await assert.rejects(namespace.createNetwork(), { code: 'ENOSPC' });
	closeNamespace(await namespace.createNetwork());
	await namespace.close();
	assert.equal(namespace.alive, false);
	await assert.rejects(namespace.createNetwork());
});
