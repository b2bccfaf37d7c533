import { selection } from '../state/selection.ts';
import { endpointsByContainer, view } from '../state/topology.ts';
import { ContainerDetails } from './container.tsx';
import { NetworkDetails } from './network.tsx';

/** What is chosen on the map, beside it. */
export function Details() {
	const chosen = selection.value;
	if (!chosen) return null;
	const close = () => {
		selection.value = undefined;
	};
	return (
		<aside class="details" aria-label="Details" onKeyDown={({ key }) => key === 'Escape' && close()}>
			<button type="button" class="close" aria-label="Close details" onClick={close}>
				×
			</button>
			<Chosen key={chosen.id} kind={chosen.kind} id={chosen.id} />
		</aside>
	);
}

function Chosen({ kind, id }: { readonly kind: 'container' | 'network'; readonly id: string }) {
	const container = kind === 'container' ? view.value.containers.get(id) : undefined;
	const network = kind === 'network' ? view.value.networks.get(id) : undefined;
	if (container) return <ContainerDetails container={container} endpoints={endpointsByContainer.value.get(id) ?? []} />;
	if (network) return <NetworkDetails network={network} />;
	return <p>It was removed.</p>;
}
