/**
 * `npm run torture [-- PART...] [--minutes N] [--write] [--list]`: what may go wrong, as often as time allows. Each part runs
 * in a process and a network namespace of its own; the figures are printed as a table and, with `--write`, put into
 * docs/reliability.md. `--minutes` is for each part. Fails when an expectation did not hold or anything is left behind.
 */
import { once } from 'node:events';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { COMPILE_CACHE } from '../test/testbed/programs/paths.ts';
import type { Figures, Part } from '../test/torture/part.ts';
import { Mark } from './test/mark.ts';
import { prepare } from './test/prepare.ts';
import { startApart } from './test/run-files.ts';
import { PARTS } from './torture/parts.ts';
import { print, type Result, write } from './torture/table.ts';

const INSIDE = join(import.meta.dirname, 'torture/inside.ts');

function chosen(names: readonly string[]): readonly Part[] {
	const unknown = names.find((name) => !PARTS.some((part) => part.name === name));
	if (unknown !== undefined) {
		const all = PARTS.map(({ name }) => name).join(', ');
		throw new Error(`there is no part ${unknown}; parts: ${all}`);
	}
	return names.length === 0 ? PARTS : PARTS.filter(({ name }) => names.includes(name));
}

async function torture(part: Part, minutes: number): Promise<Result> {
	console.log(`torture: ${part.name}: ${part.what}`);
	const began = performance.now();
	const mark = new Mark();
	let figures: Figures = { failures: ['the part ended without figures'] };
	let left: string[] = [];
	try {
		const words = [INSIDE, part.name, String(minutes * 60_000)];
		const child = startApart(words, { ...mark.environment, NODE_COMPILE_CACHE: COMPILE_CACHE });
		child.on('message', (message: Figures) => {
			figures = message;
		});
		await once(child, 'exit');
	} finally {
		left = await mark.remove();
	}
	const failures = [...figures.failures, ...left.map((line) => `left behind: ${line}`)];
	for (const failure of failures) console.error(`torture: ${part.name}: FAILED: ${failure}`);
	return { part, figures: { ...figures, failures }, seconds: (performance.now() - began) / 1000 };
}

async function main(): Promise<boolean> {
	const { values, positionals } = parseArgs({
		options: { minutes: { type: 'string' }, write: { type: 'boolean' }, list: { type: 'boolean' } },
		allowPositionals: true,
	});
	if (values.list) {
		for (const { name, what, minutes } of PARTS) console.log(`${name.padEnd(16)} ${what} (${minutes} min)`);
		return true;
	}
	const parts = chosen(positionals);
	await prepare([]);
	const results: Result[] = [];
	for (const part of parts) {
		results.push(await torture(part, Number(values.minutes) || part.minutes));
		if (values.write) write(results, PARTS, machine(), new Date());
	}
	print(results);
	return results.every(({ figures }) => figures.failures.length === 0);
}

function machine(): string {
	const all = cpus();
	return `${all.length} × ${all[0]?.model ?? 'processor'}, Linux ${release().split('-')[0]}`;
}

process.exitCode = (await main()) ? 0 : 1;
