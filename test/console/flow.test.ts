import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OutputFlow } from '#console/terminal/flow.ts';

/** A terminal that draws when it is told to. */
class SlowTerminal {
	shown = '';
	readonly #waiting: (() => void)[] = [];

	write(data: string | Uint8Array, done: () => void = () => {}): void {
		this.#waiting.push(() => {
			this.shown += typeof data === 'string' ? data : new TextDecoder('latin1').decode(data);
			done();
		});
	}

	get size(): number {
		return this.#waiting.length;
	}

	draw(): void {
		for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) next();
	}
}

const bytes = (text: string) => new TextEncoder().encode(text);

test('output that the terminal keeps up with is passed on whole', () => {
	const terminal = new SlowTerminal();
	const flow = new OutputFlow(terminal);
	for (let round = 0; round < 100; round += 1) {
		flow.take(bytes('x'.repeat(64 * 1024)));
		terminal.draw();
	}
	assert.equal(terminal.shown.length, 100 * 64 * 1024);
});

test('of a flood the beginning and the end are shown, and how much is missing between them', () => {
	const terminal = new SlowTerminal();
	const flow = new OutputFlow(terminal);
	for (let round = 0; round < 1000; round += 1) flow.take(bytes('x'.repeat(64 * 1024)));
	flow.take(bytes('the end'));
	assert.ok(terminal.size < 40, `${terminal.size} pieces wait`);
	terminal.draw();
	const outline = terminal.shown.replaceAll(/x+/g, 'x').replace(/\d+ KiB/, 'N KiB');
	assert.equal(outline, 'x\u0018\u001b[0m\r\n[N KiB of output left out]\r\nxthe end');
	const missing = Number(/\[(\d+) KiB/.exec(terminal.shown)?.[1]);
	assert.equal(Math.round(terminal.shown.replaceAll(/[^x]/g, '').length / 1024) + missing, 64_000);
	flow.take(bytes(' and more'));
	terminal.draw();
	assert.ok(terminal.shown.endsWith('the end and more'));
});
