import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { RefusalText } from '../actions/proposal-dialog.tsx';
import { Windowed } from '../shell/windowed.tsx';
import { view } from '../state/topology.ts';
import { beginCapture, capturePath, captureState, endCapture, packets } from './state.ts';

const subject = signal('');
const filter = signal('');
/** Of a capture that is written to a file. */
const SECONDS = 30;
const ROW = 30;

/** Packets of a container or network: live, or as a file for Wireshark. */
export function CapturePanel() {
	useEffect(() => endCapture, []);
	const { networks, containers } = view.value;
	const names = [...networks.values(), ...containers.values()]
		.map(({ name }) => name ?? '')
		.filter((name) => name !== '');
	const of = names.includes(subject.value) ? subject.value : (names[0] ?? '');
	const state = captureState.value;
	const running = state.kind === 'running';
	return (
		<section class="capture list-panel" aria-label="Capture">
			<form
				class="panel-bar"
				onSubmit={(event) => {
					event.preventDefault();
					if (running) endCapture();
					else beginCapture(of, filter.value);
				}}
			>
				<select
					aria-label="Container or network"
					value={of}
					disabled={running}
					onChange={({ currentTarget }) => {
						subject.value = currentTarget.value;
					}}
				>
					{names.map((name) => (
						<option key={name} value={name}>
							{name}
						</option>
					))}
				</select>
				<input
					aria-label="Filter of tcpdump"
					placeholder="Filter, e.g. tcp port 80"
					value={filter.value}
					disabled={running}
					onInput={({ currentTarget }) => {
						filter.value = currentTarget.value;
					}}
				/>
				<button type="submit" disabled={of === ''}>
					{running ? 'Stop' : 'Start'}
				</button>
				<a href={`/api${capturePath(of, filter.value, { seconds: `${SECONDS}` })}`} download={`${of}.pcapng`}>
					Save {SECONDS} seconds as a file
				</a>
			</form>
			{state.kind === 'refused' && <RefusalText {...state.refusal} />}
			<p class="panel-note" role="status">
				{state.kind === 'ended' ? state.text : running ? `Capturing ${of}` : 'No capture runs'}
			</p>
			<Windowed
				label="Packets"
				titles={['Packet']}
				rows={packets.value}
				height={ROW}
				keyOf={({ order }) => order}
				cells={({ text }) => <td title={text}>{text}</td>}
				classOf={() => ''}
			/>
		</section>
	);
}
