import { useEffect } from 'preact/hooks';
import { RefusalText } from '../actions/proposal-dialog.tsx';
import { End } from '../flows/panel.tsx';
import { Windowed } from '../shell/windowed.tsx';
import { followRefused, type RefusedRow, refused, refusedState, unshown } from './state.ts';

const TITLES = ['Time', 'Protocol', 'From', 'To', 'Why', 'To allow it', 'Packets'];
const ROW = 30;

/** Packets that the firewall refuses, as it happens, with a way to allow them. */
export function RefusedPanel() {
	useEffect(followRefused, []);
	const state = refusedState.value;
	return (
		<section class="refused list-panel" aria-label="Refused packets">
			{state?.kind === 'away' && <RefusalText {...state.refusal} />}
			<p class="panel-note" role="status">
				{refused.value.length === 0 ? 'Nothing was refused since you look' : `${refused.value.length} refusals`}
				{unshown.value > 0 && `, ${unshown.value} more packets not shown`}
			</p>
			<Windowed
				label="Refused packets"
				titles={TITLES}
				rows={refused.value}
				height={ROW}
				keyOf={({ order }) => order}
				cells={cellsOf}
				classOf={() => ''}
			/>
		</section>
	);
}

function cellsOf({ refusal }: RefusedRow) {
	const { time, protocol, source, target, rule, change, packets } = refusal;
	return (
		<>
			<td>{new Date(time).toLocaleTimeString()}</td>
			<td>{protocol}</td>
			<End end={source} />
			<End end={target} />
			<td title={rule}>{rule}</td>
			<td title={change}>
				<code>{change}</code>
			</td>
			<td>{packets}</td>
		</>
	);
}
