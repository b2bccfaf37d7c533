import type { EndPoint } from '#api/endpoints.ts';
import type { TopologyContainer } from '#api/observability/topology.ts';
import { propose } from '../actions/proposal.ts';
import { portsOf, stateOf } from '../map/scene.ts';
import { perSecond, rateOf } from '../state/rates.ts';
import { select } from '../state/selection.ts';
import { view } from '../state/topology.ts';
import { openTerminal } from '../terminal/dock.tsx';
import { Inspect } from './inspect.tsx';
import { Logs } from './logs.tsx';
import { Tabs } from './tabs.tsx';

interface ContainerProps {
	readonly container: TopologyContainer;
	readonly endpoints: readonly EndPoint[];
}

export function ContainerDetails({ container, endpoints }: ContainerProps) {
	const { id, name, running } = container;
	return (
		<>
			<h2>{name}</h2>
			<p>
				{stateOf(container)}
				{endOf(container)}
			</p>
			<div class="buttons">
				<button type="button" onClick={() => propose({ kind: running ? 'stop' : 'start', container: id })}>
					{running ? 'Stop' : 'Start'}
				</button>
				{running && (
					<button type="button" onClick={() => openTerminal({ id, name })}>
						Terminal
					</button>
				)}
				<ConnectMenu container={container} endpoints={endpoints} />
			</div>
			<Tabs
				tabs={[
					['Overview', () => <Overview container={container} endpoints={endpoints} />],
					['Logs', () => <Logs container={id} />],
					['Inspect', () => <Inspect path={`/containers/${encodeURIComponent(id)}/inspect`} changed={container} />],
				]}
			/>
		</>
	);
}

function endOf({ running, end }: TopologyContainer): string {
	if (running || !end) return '';
	return end.exit_code === null ? `, ${end.reason}` : `, ${end.reason} with exit code ${end.exit_code}`;
}

/** Networks that it is not on. */
function ConnectMenu({ container, endpoints }: ContainerProps) {
	if (container.network_driver === 'host' || container.network_driver === 'disabled') return null;
	const joined = new Set(endpoints.map(({ network_id }) => network_id));
	const others = [...view.value.networks.values()].filter(({ id }) => !joined.has(id));
	if (others.length === 0) return null;
	const choose = (event: Event) => {
		const menu = event.currentTarget as HTMLSelectElement;
		if (menu.value !== '') propose({ kind: 'connect', container: container.id, network: menu.value });
		menu.value = '';
	};
	return (
		<select aria-label="Connect to a network" onChange={choose}>
			<option value="">Connect to …</option>
			{others.map(({ id, name }) => (
				<option key={id} value={id}>
					{name}
				</option>
			))}
		</select>
	);
}

function Overview({ container, endpoints }: ContainerProps) {
	const ports = portsOf(container);
	return (
		<dl>
			<dt>Image</dt>
			<dd>{container.image || 'removed'}</dd>
			<dt>Network driver</dt>
			<dd>{container.network_driver}</dd>
			<dt>Published ports</dt>
			<dd>{ports.length > 0 ? ports.join(', ') : 'none'}</dd>
			<dt>Networks</dt>
			<dd>
				{endpoints.length === 0 && 'none'}
				<ul class="endpoints">
					{endpoints.map((endpoint) => (
						<EndpointLine key={endpoint.id} endpoint={endpoint} />
					))}
				</ul>
			</dd>
			<dt>Id</dt>
			<dd>
				<code>{container.id}</code>
			</dd>
		</dl>
	);
}

function EndpointLine({ endpoint }: { readonly endpoint: EndPoint }) {
	const { container_id: container, network_id: network, ip_address, ip_address6, mac } = endpoint;
	const { sent, received } = rateOf(endpoint.id).value;
	const name = view.value.networks.get(network)?.name ?? network;
	return (
		<li>
			<button type="button" class="link" onClick={() => select('network', network)}>
				{name}
			</button>{' '}
			{[ip_address, ip_address6, mac].filter((text) => text !== '').join(', ')}
			<span class="rates">
				↑ {perSecond(sent) || '0'} ↓ {perSecond(received) || '0'}
			</span>
			<button type="button" class="small" onClick={() => propose({ kind: 'disconnect', container, network })}>
				Disconnect<span class="hidden"> from {name}</span>
			</button>
		</li>
	);
}
