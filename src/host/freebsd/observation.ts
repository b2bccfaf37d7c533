import type { Comparison, ObservationScope, Observed } from '#model/host/observed.ts';
import type { Part } from '#model/part.ts';
import type { Script } from '#os/shell/quote.ts';
import type { Shell } from '#os/shell/shell.ts';
import { compareFilter, FILTER_SECTION } from './comparison/filter.ts';
import type { FreebsdNetwork } from './network/network.ts';
import type { NetworkSurvey } from './network/survey.ts';
import { ask } from './question.ts';
import type { FreebsdSandboxes } from './sandbox/sandbox.ts';
import type { Section } from './section.ts';
import type { FreebsdStorage } from './storage/storage.ts';

/** Observers by kind. */
export interface Lookers {
	readonly network: FreebsdNetwork;
	readonly storage: FreebsdStorage;
	readonly sandboxes: FreebsdSandboxes;
}

export interface Look {
	readonly scope: ObservationScope;
	readonly expected: readonly Part[] | undefined;
}

const NO_NETWORK = { interfaces: [], routes: [], gatewayInterface: '', uplinks: [] };
const NO_FILES = { layerFiles: [], rootFiles: [], mountedRoots: [], volumeFiles: [], lostFiles: [] };

/** Everything that is to be looked at, in one exchange. */
export async function observe(shell: Shell, lookers: Lookers, { scope, expected }: Look): Promise<Observed> {
	const { network, storage, sandboxes } = lookers;
	const [links, routes] = network.survey;
	if (scope === 'addressing') {
		const seen = network.readSurvey(await ask(shell, [text(links), text(routes)]));
		return { ...surveyed(seen), ...NO_FILES, sandboxes: [] };
	}
	if (scope === 'sandboxes') {
		const [seen] = await ask(shell, [sandboxes.observation]);
		return { ...NO_NETWORK, ...NO_FILES, sandboxes: seen };
	}
	const [boxes, files, ...answers] = await ask(shell, [
		sandboxes.observation,
		storage.observation,
		text(links),
		text(routes),
	]);
	const seen = network.readSurvey(answers);
	const comparison = expected ? await compare(shell, { network, survey: seen }, expected) : undefined;
	return { ...surveyed(seen), ...files, sandboxes: boxes, ...(comparison ? { comparison } : {}) };
}

/** The answer of a command that only looks, as it is. */
function text(script: Script): Section<string> {
	return { script, plain: true, parse: (output) => output };
}

function surveyed({ interfaces, routes, gatewayInterface, uplinks }: NetworkSurvey): Omit<NetworkSurvey, 'links'> {
	return { interfaces, routes, gatewayInterface, uplinks };
}

async function compare(
	shell: Shell,
	{ network, survey }: { network: FreebsdNetwork; survey: NetworkSurvey },
	expected: readonly Part[],
): Promise<Comparison> {
	const [found, filter] = await ask(shell, [
		{ script: network.comparisonSection(expected), parse: (text) => network.compare(survey, text, expected) },
		{ script: FILTER_SECTION, parse: (text) => compareFilter(text, expected, network.store) },
	]);
	return {
		...found,
		differing: [...found.differing, ...filter.differing],
		excess: [...found.excess, ...filter.excess],
	};
}
