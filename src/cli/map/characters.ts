import type { TopologyContainer } from '#api/observability/topology.ts';
import { driverOf, type Member, type Scene, type Segment } from './scene.ts';

interface Branch {
	readonly text: string;
	readonly below: readonly Branch[];
}

/** The map as a tree of characters. @param width columns, longer lines are cut; undefined: none is. @returns lines */
export function drawCharacters(scene: Scene, width: number | undefined): string[] {
	const uplinks = scene.uplinks.map(({ name, traits }) => leaf(`${name}  ${traits.join(', ')}`));
	const networks = scene.segments.map(networkBranch);
	const apart = apartBranches(scene.apart);
	const lines = [
		...draw({ text: 'outside', below: uplinks }),
		...draw({ text: `host  ${scene.host}`, below: [...networks, ...apart] }),
	];
	return width === undefined ? lines : lines.map((line) => cut(line, width));
}

function networkBranch({ network, traits, members }: Segment): Branch {
	const widest = Math.max(0, ...members.map(({ container }) => container.name.length));
	const addresses = Math.max(0, ...members.map((member) => member.addresses.join(' ').length));
	const text = `${network.name}  ${traits.join(', ')}`;
	return { text, below: members.map((member) => memberBranch(member, widest, addresses)) };
}

function memberBranch({ container, addresses, also, ports }: Member, name: number, address: number): Branch {
	const place = addresses.join(' ').padEnd(address);
	const others = also.length > 0 ? `  also on ${also.join(', ')}` : '';
	const text = `${stateOf(container)} ${container.name.padEnd(name)}  ${place}  ${driverOf(container)}${others}`;
	return { text, below: ports.map(leaf) };
}

function apartBranches(containers: readonly TopologyContainer[]): Branch[] {
	if (containers.length === 0) return [];
	const below = containers.map((one) => leaf(`${stateOf(one)} ${one.name}  ${driverOf(one)}`));
	return [{ text: 'on no network', below }];
}

/** Filled: it runs. */
function stateOf({ running }: TopologyContainer): string {
	return running ? '●' : '○';
}

function leaf(text: string): Branch {
	return { text, below: [] };
}

function draw({ text, below }: Branch): string[] {
	return [
		text,
		...below.flatMap((branch, index) => {
			const isLast = index === below.length - 1;
			const [first = '', ...rest] = draw(branch);
			return [`${isLast ? '└──' : '├──'} ${first}`, ...rest.map((line) => `${isLast ? '   ' : '│  '} ${line}`)];
		}),
	];
}

function cut(line: string, width: number): string {
	const characters = [...line];
	return characters.length > width ? `${characters.slice(0, width - 1).join('')}…` : line;
}
