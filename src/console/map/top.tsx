import type { ComponentChildren } from 'preact';
import type { TopologyHost } from '#api/observability/topology.ts';
import { Mark } from '../doctor/doctor.tsx';
import { findingsBySubject } from '../doctor/findings.ts';
import { point, question, way } from '../trace/question.ts';
import { TOP } from './layout.ts';

/** The outside, the uplinks, and the host, above the networks. */
export function Top({ host, width }: { readonly host: TopologyHost; readonly width: number }) {
	const inner = { left: `${TOP.left}px`, width: `${width - 2 * TOP.left + 34}px` };
	return (
		<>
			<End name="outside" style={{ ...inner, top: '8px' }}>
				outside
			</End>
			<ul class="uplinks" aria-label="Uplinks" style={{ ...inner, top: `${TOP.outside + 14}px` }}>
				{host.uplinks.map(({ interface: name, addresses, up, default_route: isDefault }) => (
					<li key={name} class={`uplink${up ? '' : ' down'}${way.value.has(`uplink ${name}`) ? ' lit' : ''}`}>
						<strong>{name}</strong> {addresses.join(', ')}
						{isDefault ? ' · default route' : ''}
						{up ? '' : ' · down'}
					</li>
				))}
			</ul>
			<End name="host" style={{ ...inner, top: `${TOP.host}px` }}>
				host {host.os} {host.release}
				<Mark found={findingsBySubject.value.get('host')} />
			</End>
		</>
	);
}

interface EndProps {
	readonly name: 'outside' | 'host';
	readonly style: Readonly<Record<string, string>>;
	readonly children: ComponentChildren;
}

/** While somebody traces, it is an end to point at. */
function End({ name, style, children }: EndProps) {
	const looks = { class: `${name}${way.value.has(name) ? ' lit' : ''}`, style };
	if (!question.value) return <p {...looks}>{children}</p>;
	return (
		<button type="button" {...looks} onClick={() => point(name)}>
			{children}
		</button>
	);
}
