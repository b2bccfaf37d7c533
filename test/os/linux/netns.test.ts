import assert from 'node:assert/strict';
import { closeSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { Rtnetlink } from '#os/linux/netlink/rtnetlink.ts';
import { closeNamespace, createNamespace, isSameNamespace, openNamespace, within } from '#os/linux/netns.ts';
import { linkNames, openDescriptors, place } from './namespaces.ts';

const OWN = '/proc/thread-self/ns/net';
const here = () => readlinkSync(OWN);

test('a fresh namespace is another one, and the thread is back where it was', () => {
	const before = here();
	const own = openNamespace(OWN);
	const fd = createNamespace(() => assert.notEqual(here(), before));
	assert.equal(here(), before);
	assert.equal(isSameNamespace(fd, own), false);
	closeNamespace(fd);
	closeNamespace(own);
});

test('a failure inside comes out with the thread back and no descriptor left', () => {
	const before = here();
	const fd = createNamespace();
	const descriptors = openDescriptors();
	const fail = () => {
		throw new Error('inside');
	};
	assert.throws(() => within(fd, fail), /inside/);
	assert.throws(() => createNamespace(fail), /inside/);
	assert.equal(here(), before);
	assert.equal(openDescriptors(), descriptors);
	closeNamespace(fd);
});

test('nested calls come back one by one', () => {
	const before = here();
	const [one, two] = [createNamespace(), createNamespace()];
	within(one, () => {
		const outer = here();
		within(two, () => assert.notEqual(here(), outer));
		assert.equal(here(), outer);
		closeNamespace(createNamespace());
		assert.equal(here(), outer);
	});
	assert.equal(here(), before);
	closeNamespace(one);
	closeNamespace(two);
});

test('namespaces that are held leave the low descriptors to those who can use no others', () => {
	const fd = createNamespace();
	const file = openNamespace(OWN);
	assert.ok(fd >= 1024, String(fd));
	assert.ok(file < 1024, String(file));
	closeNamespace(fd);
	closeNamespace(file);
});

test('a promise is refused: the rest of it would run outside', (t) => {
	const { fd } = place(t);
	assert.throws(() => within(fd, () => Promise.resolve()), TypeError);
});

test('settings below /proc/sys/net are those of the namespace', (t) => {
	const { fd } = place(t);
	const setting = '/proc/sys/net/ipv4/ip_forward';
	const outside = readFileSync(setting, 'utf8');
	within(fd, () => writeFileSync(setting, outside.trim() === '0' ? '1' : '0'));
	assert.equal(readFileSync(setting, 'utf8'), outside);
	assert.notEqual(
		within(fd, () => readFileSync(setting, 'utf8')),
		outside,
	);
});

test('a socket speaks for the namespace that it was opened in', (t) => {
	const { fd, net } = place(t);
	net.links.createBridge({ name: 'kleene0' });
	const second = Rtnetlink.open(fd);
	assert.deepEqual(linkNames(second), ['lo', 'kleene0']);
	second.close();
	const own = Rtnetlink.open();
	assert.equal(linkNames(own).includes('kleene0'), false);
	own.close();
});

test('a namespace is found by path, and an unknown name is an error', (t) => {
	const { fd } = place(t);
	const again = openNamespace(`/proc/self/fd/${fd}`);
	assert.equal(isSameNamespace(fd, again), true);
	closeSync(again);
	assert.throws(() => openNamespace('kleene-no-such-name'), { code: 'ENOENT' });
});
