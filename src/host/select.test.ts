import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type HostOptions, openHost } from './select.ts';

/** Nobody answers there, and nobody is asked. */
const FREEBSD: HostOptions = {
	root: '/nonexistent',
	netns: undefined,
	dns: [],
	limits: {},
	freebsd: {
		remote: { user: 'root', host: '::1', port: 1, key: undefined, knownHosts: undefined },
		zfsRoot: 'zroot/kleene',
	},
	store: 'none',
	names: { lookup: () => undefined, reverse: () => undefined },
	log: { warn() {}, info() {} },
};

test('what only a Linux host has is refused for a FreeBSD one before it is connected to', async () => {
	await assert.rejects(openHost({ ...FREEBSD, netns: 'lab' }), { code: 'CONFIG_INVALID', hint: 'leave --netns out' });
	await assert.rejects(openHost({ ...FREEBSD, dns: ['192.0.2.1'] }), { code: 'CONFIG_INVALID', hint: /^leave --dns/ });
	const limits = { connections: 100 };
	await assert.rejects(openHost({ ...FREEBSD, limits }), { code: 'CONFIG_INVALID', hint: /^leave --max-connections/ });
});
