/** What a frame of the page of `klee console` takes in Chromium, with hundreds of containers. */
import { join } from 'node:path';
import type { CDPSession, Page } from 'playwright-core';
import { ConsoleHost, withoutChromium } from '../../../test/console/console-host.ts';
import { TestHost } from '../../../test/testbed/test-host.ts';
import { type Figures, figuresOf } from '../timing.ts';
import { CONTAINERS, Population } from './population.ts';
import { type Activity, STILL, StubDaemon } from './stub-daemon.ts';

export interface ConsoleFigures {
	/** Milliseconds from the address to the frame that has every container. */
	readonly opening: number;
	/** By what goes on meanwhile. */
	readonly frames: readonly FrameFigures[];
}

/** Times of the thread of the page in each frame, by the clock: scripts, styles, layout and painting. */
export interface FrameFigures extends Figures {
	readonly name: string;
	/** Frames that were drawn in a second. */
	readonly rate: number;
	/** Milliseconds of processor time of the thread for each frame, mean. */
	readonly work: number;
}

const ACTIVITIES: readonly (readonly [name: string, activity: Activity])[] = [
	['nothing', STILL],
	['100 changes a second', { changes: 100, traffic: false }],
	['traffic on every cable', { changes: 0, traffic: true }],
	['both', { changes: 100, traffic: true }],
];

/** Milliseconds. */
const SETTLING = 2500;
const LENGTH = 6000;

/** In the page: how long each frame takes, from its first callback until the page is free again after drawing it. */
const FRAME_TIMES = `new Promise((resolve) => {
	const times = [];
	const { port1, port2 } = new MessageChannel();
	let began = 0;
	port1.onmessage = () => times.push(performance.now() - began);
	const until = performance.now() + ${LENGTH};
	const frame = () => {
		began = performance.now();
		if (began > until) return resolve(times);
		port2.postMessage(0);
		requestAnimationFrame(frame);
	};
	requestAnimationFrame(frame);
})`;

/** @returns why nothing was measured */
export async function measureConsole(): Promise<ConsoleFigures | string> {
	if (withoutChromium) return withoutChromium;
	const host = await TestHost.start();
	const socket = join(host.folder, 'stub.sock');
	const daemon = await StubDaemon.start(new Population(), socket);
	let served: ConsoleHost | undefined;
	try {
		served = await ConsoleHost.start(host, ['--host', socket]);
		const began = performance.now();
		const { page, context } = await served.open({ viewport: { width: 1280, height: 800 } });
		await page
			.locator('.tile')
			.nth(CONTAINERS - 1)
			.waitFor({ state: 'attached' });
		const opening = performance.now() - began;
		const thread = await context.newCDPSession(page);
		await thread.send('Performance.enable', { timeDomain: 'threadTicks' });
		const frames: FrameFigures[] = [];
		for (const [name, activity] of ACTIVITIES) {
			daemon.activity = activity;
			frames.push(await framesOf(page, thread, name));
		}
		if (served.complaints.length > 0) throw new Error(`the page complains: ${served.complaints.join('; ')}`);
		return { opening, frames };
	} finally {
		await served?.close();
		daemon.close();
		await host.close();
	}
}

async function framesOf(page: Page, thread: CDPSession, name: string): Promise<FrameFigures> {
	await page.waitForTimeout(SETTLING);
	const before = await workOf(thread);
	const times = await page.evaluate<number[]>(FRAME_TIMES);
	const work = ((await workOf(thread)) - before) / times.length;
	return { name, ...figuresOf(times), rate: times.length / (LENGTH / 1000), work };
}

/** Milliseconds of processor time of the thread of a page so far. */
async function workOf(thread: CDPSession): Promise<number> {
	const { metrics } = await thread.send('Performance.getMetrics');
	return (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN) * 1000;
}
