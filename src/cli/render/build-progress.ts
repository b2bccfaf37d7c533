import type { BuildFrame } from '#api/builds.ts';
import { LiveRegion, type Room } from './live-region.ts';
import { type Paint, paint } from './output.ts';
import { clock, size } from './size.ts';
import { columnsOf, cut, plainLine } from './width.ts';

/** Lines of a step that are shown when it fails. */
const MOST_KEPT = 200;
/** Lines of a step that runs. */
const MOST_SHOWN = 5;

interface RunningStep {
	readonly number: number;
	readonly total: number;
	readonly title: string;
	/** Milliseconds. */
	readonly began: number;
	readonly output: string[];
	/** Output after the last line end. */
	rest: string;
	cached: boolean;
}

/**
 * A build on a terminal: steps that are over as lines that stay, below them those that run, of each stage one, with their
 * last lines of output.
 */
export class BuildProgress {
	readonly #began = performance.now();
	/** By stage. */
	readonly #running = new Map<number | null, RunningStep>();
	readonly #region = new LiveRegion((room) => this.#draw(room));
	#over = 0;
	#total = 0;
	/** Bytes of the context, while it is sent. */
	#sent: number | undefined = 0;

	sent(bytes: number): void {
		this.#sent = (this.#sent ?? 0) + bytes;
	}

	take(frame: BuildFrame): void {
		this.#sent = undefined;
		switch (frame.type) {
			case 'step':
				this.#begin(frame);
				break;
			case 'output':
				this.#output(frame.stage, frame.text);
				break;
			case 'cached':
				this.#markCached(frame.stage);
				break;
			case 'done':
				this.#finish(frame.stage, 'done', frame.milliseconds);
				break;
			case 'failed':
				// The refusal of the build tells why.
				this.#finish(frame.stage, 'failed');
				break;
			case 'note':
				this.note(frame.line);
				break;
		}
	}

	/** A line that stays. */
	note(text: string): void {
		this.#region.print(text.trimEnd().split('\n').map(plainLine));
	}

	/** Steps that were not brought to their end are marked as failed. */
	end(outcome: 'built' | 'failed'): void {
		for (const stage of [...this.#running.keys()]) this.#finish(stage, 'failed');
		if (outcome === 'built') this.note(`Built in ${duration(performance.now() - this.#began)}`);
		this.#region.end();
	}

	#begin({ stage, number, total, line, name }: Extract<BuildFrame, { type: 'step' }>): void {
		// Of what is before the first FROM nothing is told but that it begins.
		if (this.#running.has(null)) this.#finish(null, 'done', 0);
		this.#total = total;
		const title = plainLine(`${name === undefined ? '' : `${name}: `}${line}`);
		const step = { number, total, title, began: performance.now(), output: [], rest: '', cached: false };
		this.#running.set(stage, step);
	}

	#markCached(stage: number | null): void {
		const step = this.#running.get(stage);
		if (step) step.cached = true;
	}

	#output(stage: number | null, text: string): void {
		const step = this.#running.get(stage);
		if (!step) return;
		const [last = '', ...lines] = `${step.rest}${text}`.split('\n').reverse();
		step.rest = last;
		step.output.push(...lines.reverse().map(plainLine));
		if (step.output.length > MOST_KEPT) step.output.splice(0, step.output.length - MOST_KEPT);
	}

	#finish(stage: number | null, outcome: 'done' | 'failed', milliseconds?: number): void {
		const step = this.#running.get(stage);
		if (!step) return;
		this.#running.delete(stage);
		this.#over += 1;
		const took = milliseconds ?? performance.now() - step.began;
		const end = step.cached ? 'cached' : duration(took);
		const mark = outcome === 'failed' ? MARKS.failed : step.cached ? MARKS.cached : MARKS.done;
		this.#region.print([headOf(step, mark, end, this.#region.room)]);
		if (outcome === 'failed') this.#region.print(linesOf(step).map((line) => `    ${line}`));
	}

	#draw(room: Room): string[] {
		const steps = [...this.#running.values()].sort((one, other) => one.number - other.number);
		const each = Math.floor((room.rows - 2) / Math.max(1, steps.length)) - 1;
		const shown = Math.max(0, Math.min(MOST_SHOWN, each));
		const lines = steps.flatMap((step) => {
			const last = shown === 0 ? [] : linesOf(step).slice(-shown);
			const output = last.map((line) => paint(process.stderr, 'dim', cut(`    ${line}`, room.columns)));
			return [headOf(step, MARKS.running, duration(performance.now() - step.began), room), ...output];
		});
		return [...lines, cut(this.#summary(), room.columns)];
	}

	#summary(): string {
		const time = duration(performance.now() - this.#began);
		if (this.#sent !== undefined) return `Sending the context: ${size(this.#sent)}, ${time}`;
		return `Building: ${this.#over} of ${this.#total} steps, ${time}`;
	}
}

interface Mark {
	readonly sign: string;
	readonly colour: Paint;
}

const MARKS = {
	done: { sign: '✔', colour: 'green' },
	cached: { sign: '✔', colour: 'cyan' },
	failed: { sign: '✘', colour: 'red' },
	running: { sign: '▸', colour: 'yellow' },
} as const satisfies Record<string, Mark>;

/** One line: what is done on the left, how long it takes on the right. */
function headOf({ number, total, title }: RunningStep, { sign, colour }: Mark, end: string, { columns }: Room): string {
	const position = `[${String(number).padStart(String(total).length)}/${total}]`;
	const left = cut(`${sign} ${position} ${title}`, Math.max(0, columns - end.length - 1));
	const gap = ' '.repeat(Math.max(1, columns - columnsOf(left) - end.length));
	return paintStart(cut(`${left}${gap}${end}`, columns), sign, colour);
}

function paintStart(line: string, sign: string, colour: Paint): string {
	return line.startsWith(sign) ? paint(process.stderr, colour, sign) + line.slice(sign.length) : line;
}

function linesOf({ output, rest }: RunningStep): string[] {
	return rest === '' ? output : [...output, plainLine(rest)];
}

function duration(milliseconds: number): string {
	return milliseconds < 60_000 ? `${(milliseconds / 1000).toFixed(1)}s` : clock(milliseconds / 1000);
}
