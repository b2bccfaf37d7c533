import assert from 'node:assert/strict';
import test from 'node:test';
import type { ProbeRequest, ProbeResult } from '#host/driver.ts';
import { probeSection, readProbe } from '#host/freebsd/network/probe.ts';
import { recording } from '../recordings.ts';
import { ScriptHost } from '../sandbox/scripts.ts';
import { emptyHost } from './stand-in.ts';

const icmp: ProbeRequest = { container: 'aaaabbbbcccc', address: '10.4.6.1', protocol: 'icmp', port: 0 };
const tcp: ProbeRequest = { ...icmp, protocol: 'tcp', port: 80 };
const udp: ProbeRequest = { ...icmp, protocol: 'udp', port: 53 };

function read(request: ProbeRequest, code: number, said: string, real = '0.00'): ProbeResult {
	return readProbe(request, `${code}\n${said}real ${real}\nuser 0.00\nsys 0.00\n`);
}

test('ping: an answer with its time, a refusal, silence', () => {
	const { stdout } = recording('058-ipnet-ping');
	assert.deepEqual(read(icmp, 0, stdout), { outcome: 'answered', milliseconds: 3.701, detail: '' });
	const denied = recording('056-ipnet-ping-denied');
	assert.deepEqual(read(icmp, denied.exitCode, denied.stderr).outcome, 'refused');
	assert.deepEqual(read(icmp, 124, '', '1.00'), { outcome: 'silence', milliseconds: 1000, detail: '' });
	const sent = (text: string) => read(icmp, 2, text, '1.01');
	assert.deepEqual(sent('ping: sendto: No route to host\n').detail, 'EHOSTUNREACH');
	assert.equal(sent('36 bytes from 10.4.6.1: Communication prohibited by filter\n').outcome, 'refused');
	assert.deepEqual([sent('ping: sendto: Host is down\n').outcome], ['silence']);
});

test('TCP: connected, closed, kept back, nobody there', () => {
	assert.equal(read(tcp, 0, 'Connection to 10.4.6.1 80 port [tcp/*] succeeded!\n', '0.01').outcome, 'answered');
	const failed = (why: string) => read(tcp, 1, `nc: connect to 10.4.6.1 port 80 (tcp) failed: ${why}\n`, '0.02');
	assert.deepEqual(failed('Connection refused'), { outcome: 'closed', milliseconds: 20, detail: 'ECONNREFUSED' });
	assert.deepEqual(failed('Permission denied').outcome, 'refused');
	assert.deepEqual(failed('Operation timed out').outcome, 'silence');
});

test('UDP: what came back is counted, and a second that is cut short tells that nobody listens', () => {
	assert.equal(read(udp, 0, '       5\n', '1.01').outcome, 'answered');
	assert.equal(read(udp, 0, '       0\n', '0.00').outcome, 'closed');
	assert.equal(read(udp, 0, '       0\n', '1.01').outcome, 'silence');
});

test('what could not be sent is said', () => {
	assert.throws(() => read(icmp, 1, recording('040-jexec-missing-jail').stderr), { code: 'CONTAINER_NOT_RUNNING' });
	const bare = 'jexec: execvp: nc: No such file or directory\n       0\n';
	assert.throws(() => read(udp, 0, bare), { code: 'UNSUPPORTED_HERE', why: 'the image has no nc' });
});

test('who sends: the container where it has a stack of its own, else the host from its address', async () => {
	const state = emptyHost();
	state.jails.aaaabbbbcccc = { vnet: true, ip4: [], ip6: [], gateways: {} };
	state.jails.ddddeeeeffff = { vnet: false, ip4: ['10.2.3.4', '10.2.3.5'], ip6: [], gateways: {} };
	await using there = await ScriptHost.open(state);
	const sent = async (request: ProbeRequest) => {
		there.install('time', '#!/bin/sh\nshift\n"$@"; c=$?; echo real 0.05 >&2; exit $c\n');
		for (const tool of ['ping', 'nc', 'jexec'])
			there.install(tool, `#!/bin/sh\necho "${tool} $*" >>'${there.folder}'/sent; echo 'time=0.25 ms' >&2\n`);
		there.install('sent', '');
		const { code, stdout } = await there.run(probeSection(request));
		assert.equal(code, 0);
		return [there.read('sent').trim(), readProbe(request, stdout).outcome];
	};
	const other = { container: 'ddddeeeeffff' };
	assert.deepEqual(await sent(icmp), ['jexec aaaabbbbcccc ping -n -c 1 10.4.6.1', 'answered']);
	assert.deepEqual(await sent(tcp), ['jexec aaaabbbbcccc nc -v -z -n -w 1 10.4.6.1 80', 'answered']);
	assert.deepEqual(await sent({ ...icmp, ...other }), ['ping -n -c 1 -S 10.2.3.4 10.4.6.1', 'answered']);
	assert.deepEqual(await sent({ ...udp, ...other }), ['nc -u -n -w 1 -s 10.2.3.4 10.4.6.1 53', 'closed']);
	assert.deepEqual(await sent({ ...tcp, ...other, address: 'fd00::1' }), ['nc -v -z -n -w 1 fd00::1 80', 'answered']);
	assert.deepEqual(await sent({ ...tcp, container: undefined }), ['nc -v -z -n -w 1 10.4.6.1 80', 'answered']);
});
