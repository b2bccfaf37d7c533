import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HealthResult, HealthSettings } from '#model/container/health.ts';
import type { HealthCheck, Image } from '#model/image.ts';
import { EMPTY_CONFIG } from '#model/image.ts';
import { afterCheck, checkOf, delayAfter, healthAtStart, requireHealth } from './health.ts';

const UNSET = { interval: 0, timeout: 0, startPeriod: 0, retries: 0 };

function check(own: HealthSettings | undefined, ofImage: HealthCheck | null = null, shell: readonly string[] = []) {
	const image = { config: { ...EMPTY_CONFIG, healthCheck: ofImage, shell } } as Image;
	return checkOf({ options: own === undefined ? {} : { health: own } }, image);
}

test('a container has the check of its image, but for its own settings', () => {
	const ofImage = { ...UNSET, test: ['CMD', 'curl', 'x'], interval: 5000, retries: 7 };
	assert.deepEqual(check(undefined, ofImage), {
		argv: ['curl', 'x'],
		interval: 5000,
		timeout: 30_000,
		startPeriod: 0,
		startInterval: 5000,
		retries: 7,
	});
	assert.deepEqual(check({ interval: 1000 }, ofImage)?.interval, 1000);
	assert.deepEqual(check({ interval: 0, test: [] }, ofImage)?.argv, ['curl', 'x']);
	assert.deepEqual(check({ test: ['CMD-SHELL', 'a | b'] }, ofImage)?.argv, ['/bin/sh', '-c', 'a | b']);
	assert.deepEqual(check({ test: ['CMD-SHELL', 'a'] }, null, ['/bin/bash', '-ec'])?.argv, ['/bin/bash', '-ec', 'a']);
});

test('there is none without a test, or with NONE', () => {
	assert.equal(check(undefined), undefined);
	assert.equal(check({ interval: 1000 }), undefined);
	assert.equal(check(undefined, { ...UNSET, test: ['NONE'] }), undefined);
	assert.equal(check({ test: ['NONE'] }, { ...UNSET, test: ['CMD', 'x'] }), undefined);
});

const began = '2026-12-01T00:00:00.000Z';
const result = (code: number, second: number): HealthResult => {
	const start = new Date(Date.parse(began) + second * 1000).toISOString();
	return { start, end: start, code, output: '' };
};

test('so many failures in a row make it unhealthy, and one success healthy', () => {
	const two = check({ test: ['CMD', 'x'], retries: 2 })!;
	const states: string[] = [];
	let health = healthAtStart(began);
	for (const code of [1, 0, 1, 0, 1, -1, 1, 0]) {
		health = afterCheck(health, two, result(code, 60));
		states.push(`${health.status} ${health.failures}`);
	}
	assert.deepEqual(states, [
		...['starting 1', 'healthy 0', 'healthy 1', 'healthy 0'],
		...['healthy 1', 'unhealthy 2', 'unhealthy 3', 'healthy 0'],
	]);
	assert.deepEqual(
		health.results.map(({ code }) => code),
		[0, 1, -1, 1, 0],
	);
});

test('failures of the start period do not count, until a check has succeeded', () => {
	const slow = check({ test: ['CMD', 'x'], retries: 1, startPeriod: 10_000 })!;
	const early = afterCheck(healthAtStart(began), slow, result(1, 9));
	assert.deepEqual([early.status, early.failures, early.results.length], ['starting', 0, 1]);
	assert.equal(afterCheck(early, slow, result(1, 11)).status, 'unhealthy');
	assert.equal(afterCheck(afterCheck(early, slow, result(0, 5)), slow, result(1, 6)).status, 'unhealthy');
});

test('checks come sooner in the start period, until one has succeeded', () => {
	const slow = check({ test: ['CMD', 'x'], interval: 30_000, startPeriod: 10_000, startInterval: 1000 })!;
	const starting = healthAtStart(began);
	const at = (seconds: number) => Date.parse(began) + seconds * 1000;
	assert.equal(delayAfter(starting, slow, at(9)), 1000);
	assert.equal(delayAfter(starting, slow, at(11)), 30_000);
	assert.equal(delayAfter(afterCheck(starting, slow, result(0, 1)), slow, at(2)), 30_000);
	assert.equal(delayAfter(starting, check({ test: ['CMD', 'x'], interval: 300, startPeriod: 10_000 })!, at(1)), 300);
});

test('what is no test is refused', () => {
	for (const words of [['CMD'], ['CMD-SHELL'], ['CMD-SHELL', 'a', 'b'], ['CMD-SHELL', ''], ['NONE', 'x'], ['curl']])
		assert.throws(() => requireHealth({ test: words }), /cannot use this --health-\*/, words.join());
	for (const words of [[], ['NONE'], ['CMD', 'a', ''], ['CMD-SHELL', 'a']]) requireHealth({ test: words });
});
