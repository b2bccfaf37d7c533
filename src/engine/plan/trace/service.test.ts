import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isHeard, type Service, serviceHop } from './service.ts';

const WEB: Service = { container: 'c1', name: 'web', address: '10.4.6.2', protocol: 'tcp', port: 80 };
const WEB6: Service = { ...WEB, address: 'fd00::2' };

const CASES: readonly [service: Service, addresses: readonly string[], heard: boolean, what: string][] = [
	[WEB, ['0.0.0.0'], true, 'web listens on 0.0.0.0:80/tcp'],
	[WEB, ['10.4.6.2', '127.0.0.1'], true, 'web listens on 10.4.6.2:80, 127.0.0.1:80/tcp'],
	[WEB, ['127.0.0.1'], false, 'web listens on 127.0.0.1:80/tcp only, not on 10.4.6.2'],
	[WEB, ['::'], false, 'web listens on [::]:80/tcp only, not on 10.4.6.2'],
	[WEB, ['0.0.0.0', '::'], true, 'web listens on 0.0.0.0:80, [::]:80/tcp'],
	[WEB, [], false, 'nothing in web listens on 80/tcp'],
	[WEB6, ['::'], true, 'web listens on [::]:80/tcp'],
	[WEB6, ['0.0.0.0', '::1'], false, 'web listens on 0.0.0.0:80, [::1]:80/tcp only, not on fd00::2'],
	[{ ...WEB, container: undefined, name: 'the host' }, [], false, 'nothing on the host listens on 80/tcp'],
];
test('a port of the host that a stopped container publishes', () => {
	const { what, change } = serviceHop({ ...WEB, container: undefined, name: 'the host' }, [], 'db');
	assert.equal(what, 'nothing on the host listens on 80/tcp; it is published by db, which is not running');
	assert.equal(change, 'klee start db');
});

for (const [service, addresses, heard, what] of CASES)
	test(what, () => {
		const hop = serviceHop(service, addresses);
		assert.equal(isHeard(service, addresses), heard);
		assert.equal(hop.what, what);
		assert.equal(hop.change !== undefined, !heard, 'what is not heard can be fixed');
	});
