/** The page of `klee console`. It knows the API of the daemon alone, through the server on 127.0.0.1 that klee runs. */
import { signal } from '@preact/signals';
import { render } from 'preact';
import { followFindings } from './doctor/findings.ts';
import { nameDaemon, Shell } from './shell/shell.tsx';
import { followRates } from './state/rates.ts';
import { followTopology } from './state/topology.ts';
import { viewAt } from './views.tsx';

const hash = signal(location.hash);
addEventListener('hashchange', () => {
	hash.value = location.hash;
});

function Page() {
	return viewAt(hash.value) ?? <Shell />;
}

render(<Page />, document.body);
followTopology();
followRates();
followFindings();
// The name of the daemon is for people alone.
nameDaemon().catch(() => {});
