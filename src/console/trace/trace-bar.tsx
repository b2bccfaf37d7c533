import type { Hop, Trace } from '#api/diagnosis.ts';
import { RefusalText } from '../actions/proposal-dialog.tsx';
import { view } from '../state/topology.ts';
import { answer, change, closeTrace, openTrace, type Question, question, trace } from './question.ts';

/** Asks whether one thing reaches another one. The ends are chosen here, or by pointing at them on the map. */
export function TraceBar() {
	const asked = question.value;
	if (!asked)
		return (
			<button type="button" class="open-trace" onClick={openTrace}>
				Trace a packet
			</button>
		);
	return (
		<section class="trace" aria-label="Trace">
			<Form asked={asked} />
			<div role="status">
				<Said />
			</div>
		</section>
	);
}

function Form({ asked }: { readonly asked: Question }) {
	const submit = (event: Event) => {
		event.preventDefault();
		void trace();
	};
	return (
		<form onSubmit={submit}>
			<End label="From" chosen={asked.source} choose={(source) => change({ ...asked, source })} />
			<End label="To" chosen={asked.destination} choose={(destination) => change({ ...asked, destination })} />
			<label>
				Port
				<input
					inputMode="numeric"
					pattern="[0-9]{0,5}"
					size={5}
					placeholder="ping"
					value={asked.port}
					onInput={({ currentTarget }) => change({ ...asked, port: currentTarget.value })}
				/>
			</label>
			<label>
				Protocol
				<select
					value={asked.protocol}
					onChange={({ currentTarget }) =>
						change({ ...asked, protocol: currentTarget.value === 'udp' ? 'udp' : 'tcp' })
					}
				>
					<option value="tcp">TCP</option>
					<option value="udp">UDP</option>
				</select>
			</label>
			<button type="submit" disabled={asked.source === '' || asked.destination === ''}>
				Probe
			</button>
			<button type="button" onClick={closeTrace}>
				End
			</button>
		</form>
	);
}

interface EndProps {
	readonly label: string;
	readonly chosen: string;
	readonly choose: (name: string) => void;
}

function End({ label, chosen, choose }: EndProps) {
	const names = [...view.value.containers.values()].map(({ id, name }) => name ?? id);
	return (
		<label>
			{label}
			<select value={chosen} onChange={({ currentTarget }) => choose(currentTarget.value)}>
				<option value="">point at it, or choose</option>
				{['outside', 'host', ...names.sort()].map((name) => (
					<option key={name} value={name}>
						{name}
					</option>
				))}
			</select>
		</label>
	);
}

function Said() {
	const said = answer.value;
	if (!said) return null;
	if (said.kind === 'asking') return <p>Asking …</p>;
	if (said.kind === 'refused') return <RefusalText {...said.refusal} />;
	return <Way {...said.trace} />;
}

const VERDICTS = {
	reachable: '✓ reachable',
	unreachable: '✗ not reachable',
	disagreement: '! the probe went another way',
};

function Way({ hops, verdict, reason, probe, not_probed, listening }: Trace) {
	const unheard = verdict === 'reachable' && listening === false;
	return (
		<>
			<p class={`verdict ${unheard ? 'disagreement' : verdict}`}>
				<strong>{unheard ? '! arrives, and nothing listens there' : VERDICTS[verdict]}</strong> {reason}
			</p>
			<ol class="hops">
				{hops.map((hop) => (
					<HopLine key={`${hop.kind} ${hop.what}`} {...hop} />
				))}
			</ol>
			<p class="probe">{probe ? `Probe: ${probe.outcome}, ${probe.detail}` : `No probe: ${not_probed}`}</p>
		</>
	);
}

/** The rule that decides is marked, with the command that would make it decide otherwise. */
function HopLine({ kind, what, verdict, change }: Hop) {
	const decides = verdict !== null && verdict !== 'accept';
	return (
		<li class={decides ? 'decides' : ''}>
			<span class="kind">{kind}</span> {what} {verdict && <strong>{verdict}</strong>}
			{change && (
				<span class="change">
					to change it: <code>{change}</code>
				</span>
			)}
		</li>
	);
}
