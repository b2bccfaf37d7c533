import type { Network } from '#api/networks.ts';
import { gatewaysOf, traitsOf } from '../map/scene.ts';
import { select } from '../state/selection.ts';
import { view } from '../state/topology.ts';
import { Inspect } from './inspect.tsx';
import { Tabs } from './tabs.tsx';

export function NetworkDetails({ network }: { readonly network: Network }) {
	return (
		<>
			<h2>{network.name}</h2>
			<p>{[`${network.type} network`, ...traitsOf(network)].join(', ')}</p>
			<Tabs
				tabs={[
					['Overview', () => <Overview network={network} />],
					['Inspect', () => <Inspect path={`/networks/${encodeURIComponent(network.id)}/inspect`} changed={network} />],
				]}
			/>
		</>
	);
}

function Overview({ network }: { readonly network: Network }) {
	const { id, subnet, subnet6, nat } = network;
	const shown = view.value;
	const members = [...shown.endpoints.values()].filter(({ network_id }) => network_id === id);
	const listed = (...texts: string[]) => texts.filter((text) => text !== '').join(', ') || 'none';
	return (
		<dl>
			<dt>Interface</dt>
			<dd>{network.interface}</dd>
			<dt>Subnets</dt>
			<dd>{listed(subnet, subnet6)}</dd>
			<dt>Gateways</dt>
			<dd>{gatewaysOf(network) || 'none'}</dd>
			<dt>NAT</dt>
			<dd>
				{network.internal || nat === ''
					? 'none'
					: nat === '<host-gateway>'
						? 'by the way out of the host'
						: `by ${nat}`}
			</dd>
			<dt>Containers reach each other</dt>
			<dd>{network.icc ? 'yes' : 'no, by published ports only (icc off)'}</dd>
			<dt>Containers reach the outside</dt>
			<dd>{network.internal ? 'no (internal)' : 'yes'}</dd>
			<dt>Containers</dt>
			<dd>
				{members.length === 0 && 'none'}
				<ul class="endpoints">
					{members.map(({ id: endpoint, container_id, ip_address, ip_address6 }) => (
						<li key={endpoint}>
							<button type="button" class="link" onClick={() => select('container', container_id)}>
								{shown.containers.get(container_id)?.name ?? container_id}
							</button>{' '}
							{listed(ip_address, ip_address6)}
						</li>
					))}
				</ul>
			</dd>
		</dl>
	);
}
