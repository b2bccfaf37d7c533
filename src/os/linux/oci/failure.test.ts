import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exhaustedResource } from '#errors/exhaustion.ts';
import { ociError } from './failure.ts';

test('the sentences of log lines are the reason, whatever escapes are in them', () => {
	const output = String.raw`time="2026" level=warning msg="no"
time="2026" level=error msg="exec: \"a\x01b\": not found"
time="2026" level=fatal msg="odd \a"
time="2026" level=error msg=short`;
	assert.equal(ociError(output, 1).message, String.raw`exec: "a${'\u0001'}b": not found; odd \a; short`);
	assert.equal(ociError(' as it is \n', 1).message, 'as it is');
	assert.equal(ociError('', 3).message, 'conmon ended with exit code 3');
});

test('of a runtime that crashed the reason is told, without its registers', () => {
	const crash =
		'runtime/cgo: pthread_create failed: Resource temporarily unavailable\nSIGABRT: abort\nPC=0x7f m=0\n\ngoroutine 0 [idle]:\n';
	const error = ociError(crash, 134);
	assert.equal(error.message, 'runtime/cgo: pthread_create failed: Resource temporarily unavailable');
	assert.equal(exhaustedResource(error), 'processes');
});

test('a lack of processes, memory or disk space is known by the words of conmon and the runtime', () => {
	const fork = '[conmon:e]: Failed to fork the create command Resource temporarily unavailable';
	assert.equal(exhaustedResource(ociError(fork, 1)), 'processes');
	assert.equal(exhaustedResource(ociError('level=error msg="mmap: cannot allocate memory"', 1)), 'memory');
	assert.equal(exhaustedResource(ociError('mkdir /run/runc/x: no space left on device', 1)), 'disk');
	const cpuset = 'write /sys/fs/cgroup/cpuset/x/cgroup.procs: no space left on device';
	assert.equal(exhaustedResource(ociError(cpuset, 1)), undefined);
	assert.equal(exhaustedResource(ociError('read: resource temporarily unavailable', 1)), undefined);
});
