import { drawsOnTerminal, LiveRegion, type Room } from './live-region.ts';
import { errorText } from './output.ts';
import { cut, plainLine } from './width.ts';

/** A line of the daemon about one layer, e.g. `0123456789ab: fetching 3 of 12 MB`. */
const OF_LAYER = /^([0-9a-f]{12}): (.*)$/;
/** The first word of what layers end with. */
const OVER = ['done', 'sent', 'here'];

/**
 * Progress of layers on their way. On a terminal one line for each, drawn again and again; elsewhere a line for each state
 * that a layer comes to, without how far it is.
 */
export class LayerProgress {
	readonly #layers = new Map<string, string>();
	readonly #region = drawsOnTerminal() ? new LiveRegion((room) => this.#draw(room)) : undefined;
	/** After the last line end. */
	#rest = '';

	take(content: Buffer): void {
		const lines = `${this.#rest}${content.toString('utf8')}`.split('\n');
		this.#rest = lines.pop() ?? '';
		for (const line of lines) this.#line(plainLine(line));
	}

	/** To be called when it is over, whatever came of it. */
	end(): void {
		if (this.#rest !== '') this.#line(plainLine(this.#rest));
		this.#rest = '';
		if (!this.#region) return;
		this.#region.print(
			[...this.#layers].map(([id, state]) => cut(`${id}: ${state}`, this.#region?.room.columns ?? 80)),
		);
		this.#region.end();
	}

	#line(line: string): void {
		const [, id, state = ''] = OF_LAYER.exec(line) ?? [];
		const before = this.#layers.get(id ?? '');
		if (id !== undefined) this.#layers.set(id, state);
		const isNews =
			id === undefined || (!this.#region && (before === undefined || firstWord(before) !== firstWord(state)));
		if (isNews) this.#print(line);
	}

	#print(line: string): void {
		if (this.#region) this.#region.print([line]);
		else errorText(`${line}\n`);
	}

	/** Those that are under way where there is no room for all. */
	#draw({ columns, rows }: Room): string[] {
		const all = [...this.#layers];
		const active = all.filter(([, state]) => !OVER.includes(firstWord(state)));
		const shown = all.length < rows ? all : active;
		return shown.map(([id, state]) => cut(`${id}: ${state}`, columns));
	}
}

function firstWord(text: string): string {
	return /^\w*/.exec(text)?.[0] ?? '';
}
