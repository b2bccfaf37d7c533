import { signal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { Flow, FlowEnd } from '#api/observability/traffic.ts';
import { RefusalText } from '../actions/proposal-dialog.tsx';
import { Windowed } from '../shell/windowed.tsx';
import { amount } from '../state/rates.ts';
import { select } from '../state/selection.ts';
import { flowRows, flowState, followFlows } from './state.ts';
import { type Filter, filtered, nameOf, placeOf, type Row, wayOf } from './table.ts';

/** Kept while other panels are shown. */
const filter = signal<Filter>({ text: '', protocol: '', order: 'newest' });

const TITLES = ['Protocol', 'From', 'To', 'Way', 'State', 'Sent', 'Received'];
/** Height of a row, CSS pixels: one line, and where the page is narrow three (flows.css). */
const [WIDE, NARROW] = [30, 78];
const narrow = matchMedia('(max-width: 700px)');
const isNarrow = signal(narrow.matches);
narrow.addEventListener('change', () => {
	isNarrow.value = narrow.matches;
});

/** Who talks with whom now. */
export function FlowsPanel() {
	useEffect(followFlows, []);
	const state = flowState.value;
	const rows = flowRows.value;
	const chosen = filter.value;
	const shown = useMemo(() => filtered(rows, chosen), [rows, chosen]);
	return (
		<section class="flows list-panel" aria-label="Flows">
			<Filters protocols={[...new Set(rows.map(({ flow }) => flow.protocol))].sort()} />
			{state?.kind === 'away' && <RefusalText {...state.refusal} />}
			<p class="panel-note" role="status">
				{countOf(shown.length, rows.length)}
			</p>
			<Windowed
				label="Flows"
				titles={TITLES}
				rows={shown}
				height={isNarrow.value ? NARROW : WIDE}
				keyOf={({ flow }) => flow.id}
				cells={cellsOf}
				classOf={({ ended }) => (ended === undefined ? '' : 'ended')}
			/>
		</section>
	);
}

function Filters({ protocols }: { readonly protocols: readonly string[] }) {
	const change = (part: Partial<Filter>) => {
		filter.value = { ...filter.value, ...part };
	};
	const { text, protocol, order } = filter.value;
	return (
		<div class="panel-bar">
			<input
				type="search"
				aria-label="Filter by name, address or port"
				placeholder="Name, address, port"
				value={text}
				onInput={({ currentTarget }) => change({ text: currentTarget.value })}
			/>
			<select
				aria-label="Protocol"
				value={protocol}
				onChange={({ currentTarget }) => change({ protocol: currentTarget.value })}
			>
				<option value="">All protocols</option>
				{protocols.map((name) => (
					<option key={name} value={name}>
						{name}
					</option>
				))}
			</select>
			<select
				aria-label="Order"
				value={order}
				onChange={({ currentTarget }) => change({ order: currentTarget.value === 'most' ? 'most' : 'newest' })}
			>
				<option value="newest">Newest first</option>
				<option value="most">Most bytes first</option>
			</select>
		</div>
	);
}

function countOf(shown: number, all: number): string {
	if (all === 0) return 'No flows';
	return shown === all ? `${all} flows` : `${shown} of ${all} flows`;
}

function cellsOf({ flow, ended }: Row) {
	return (
		<>
			<td>{flow.protocol}</td>
			<End end={flow.source} />
			<End end={flow.target} />
			<td>{wayOf(flow)}</td>
			<td>{ended === undefined ? flow.state : 'ended'}</td>
			<Count title="Sent" count={flow.sent} />
			<Count title="Received" count={flow.received} />
		</>
	);
}

/** An end of a flow, by name where it is a container, which a click shows. */
export function End({ end }: { readonly end: FlowEnd }) {
	const { container } = end;
	return (
		<td title={`${nameOf(end)} ${placeOf(end)}`}>
			{container === null ? (
				nameOf(end)
			) : (
				<button type="button" class="link" onClick={() => select('container', container.id)}>
					{container.name}
				</button>
			)}{' '}
			<span class="place">{placeOf(end)}</span>
		</td>
	);
}

function Count({ title, count }: { readonly title: string; readonly count: Flow['sent'] }) {
	return (
		<td class="count" title={count === null ? title : `${title}: ${count.packets} packets`}>
			{count === null ? '' : amount(count.bytes)}
		</td>
	);
}
