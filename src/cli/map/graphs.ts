/** Maps in the languages of programs that draw graphs. */
import { driverOf, type Member, type Scene, type Segment } from './scene.ts';

/** For Graphviz (`dot -Tsvg`). @returns lines */
export function drawDot(scene: Scene): string[] {
	return [
		'graph kleene {',
		'  graph [rankdir=TB, fontname="sans-serif"];',
		'  node [shape=box, style=rounded, fontname="sans-serif"];',
		'  outside [shape=plaintext];',
		`  host [label=${quoted(['host', scene.host])}, style=bold];`,
		...scene.uplinks.map(({ name, traits }) => `  outside -- host [label=${quoted([name, ...traits])}];`),
		...scene.segments.flatMap((segment) => [
			`  ${networkName(segment)} [label=${quoted([segment.network.name, ...segment.traits])}, shape=ellipse${segment.network.internal ? ', style=dashed' : ''}];`,
			`  host -- ${networkName(segment)};`,
			...segment.members.flatMap((member) => [
				...(member.isFirst ? [`  ${memberName(member)} [label=${quoted(labelOf(member))}${dotted(member)}];`] : []),
				`  ${networkName(segment)} -- ${memberName(member)} [label=${quoted(member.addresses)}];`,
			]),
		]),
		...scene.apart.map((one) => `  c${one.id} [label=${quoted([one.name, driverOf(one)])}];`),
		'}',
	];
}

/** For Mermaid, which GitHub and GitLab draw in Markdown. @returns lines */
export function drawMermaid(scene: Scene): string[] {
	return [
		'flowchart TB',
		'  outside([outside])',
		`  host[${labelled(['host', scene.host])}]`,
		...scene.uplinks.map(({ name, traits }) => `  outside ---|${labelled([name, ...traits])}| host`),
		...scene.segments.flatMap((segment) => [
			`  ${networkName(segment)}{{${labelled([segment.network.name, ...segment.traits])}}}`,
			`  host --- ${networkName(segment)}`,
			...segment.members.flatMap((member) => [
				...(member.isFirst ? [`  ${memberName(member)}[${labelled(labelOf(member))}]`] : []),
				`  ${networkName(segment)} ---${edgeLabel(member)} ${memberName(member)}`,
			]),
		]),
		...scene.apart.map((one) => `  c${one.id}[${labelled([one.name, driverOf(one)])}]`),
	];
}

function networkName({ network }: Segment): string {
	return `n${network.id}`;
}

function memberName({ container }: Member): string {
	return `c${container.id}`;
}

function labelOf({ container, ports }: Member): string[] {
	return [container.name, `${driverOf(container)}${container.running ? '' : ', stopped'}`, ...ports];
}

function dotted({ container }: Member): string {
	return container.running ? '' : ', style="rounded,dotted"';
}

function edgeLabel({ addresses }: Member): string {
	return addresses.length > 0 ? `|${labelled(addresses)}|` : '';
}

/** A string of the DOT language; only `"` and `\` are special in it. */
function quoted(lines: readonly string[]): string {
	return `"${lines.map((line) => line.replace(/["\\]/g, (character) => `\\${character}`)).join('\\n')}"`;
}

/** A label of Mermaid: entities for everything that could end it or be taken for markup. */
function labelled(lines: readonly string[]): string {
	const entities = (line: string) => line.replace(/[^\p{L}\p{N} .,:/()→_-]/gu, (one) => `#${one.codePointAt(0)};`);
	return `"${lines.map(entities).join('<br/>')}"`;
}
