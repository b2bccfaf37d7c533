import type { TopologyHost } from '#api/observability/topology.ts';
import { TOP } from './layout.ts';

/** The outside, the uplinks, and the host, above the networks. */
export function Top({ host, width }: { readonly host: TopologyHost; readonly width: number }) {
	const inner = { left: `${TOP.left}px`, width: `${width - 2 * TOP.left + 34}px` };
	return (
		<>
			<p class="outside" style={{ ...inner, top: '8px' }}>
				outside
			</p>
			<ul class="uplinks" aria-label="Uplinks" style={{ ...inner, top: `${TOP.outside + 14}px` }}>
				{host.uplinks.map(({ interface: name, addresses, up, default_route: isDefault }) => (
					<li key={name} class={`uplink${up ? '' : ' down'}`}>
						<strong>{name}</strong> {addresses.join(', ')}
						{isDefault ? ' · default route' : ''}
						{up ? '' : ' · down'}
					</li>
				))}
			</ul>
			<p class="host" style={{ ...inner, top: `${TOP.host}px` }}>
				host {host.os} {host.release}
			</p>
		</>
	);
}
