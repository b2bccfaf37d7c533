import type { TopologyContainer } from '#api/observability/topology.ts';
import { driverOf, type Member, type Scene, type Segment } from './scene.ts';
import { SVG_STYLE } from './svg-style.ts';

/** Pixels. */
const WIDTH = 960;
const MARGIN = 24;
const SPINE = 48;
const CARD = { width: 201, line: 17, gap: 12 };
const PER_ROW = 4;
/** Characters that fit into a card, and into the width of a network. */
const FIT = { card: 26, network: 118 };

interface Drawn {
	readonly lines: readonly string[];
	readonly height: number;
}

interface Card {
	readonly title: string;
	readonly texts: readonly string[];
	/** Lines that stand out: published ports. */
	readonly doors: readonly string[];
	readonly style: 'running' | 'stopped' | 'again';
}

/** The map as a picture in one file, with light and dark colours. @returns lines */
export function drawSvg(scene: Scene): string[] {
	const top = drawHost(scene);
	const boxes = [...scene.segments.map(boxOf), ...(scene.apart.length > 0 ? [apartBox(scene.apart)] : [])];
	const lines: string[] = [];
	let y = top.height;
	let lastMiddle = y;
	for (const box of boxes) {
		const drawn = drawBox(box);
		lastMiddle = y + 30;
		lines.push(
			`<path class="cable" d="M${MARGIN + SPINE / 2} ${lastMiddle}H${MARGIN + SPINE}"/>`,
			`<g transform="translate(${MARGIN + SPINE} ${y})">`,
			...drawn.lines,
			'</g>',
		);
		y += drawn.height + CARD.gap;
	}
	const spine = boxes.length > 0 ? `M${MARGIN + SPINE / 2} ${top.height - CARD.gap}V${lastMiddle}` : '';
	return [
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y + MARGIN - CARD.gap}" role="img" aria-label="map of the networks">`,
		`<style>${SVG_STYLE}</style>`,
		'<rect class="ground" width="100%" height="100%"/>',
		...(spine === '' ? [] : [`<path class="cable" d="${spine}"/>`]),
		...top.lines,
		...lines,
		'</svg>',
	];
}

function drawHost({ host, uplinks }: Scene): Drawn {
	const below = MARGIN + 28 + Math.max(1, uplinks.length) * CARD.line + 10;
	const middle = WIDTH / 2;
	return {
		lines: [
			text(middle, MARGIN + 12, 'outside', 'title middle'),
			`<path class="cable" d="M${middle} ${MARGIN + 20}V${below}"/>`,
			...uplinks.map(({ name, traits }, index) =>
				text(middle + 10, MARGIN + 38 + index * CARD.line, `${name}  ${traits.join(', ')}`, 'small'),
			),
			`<rect class="host" x="${MARGIN}" y="${below}" width="${WIDTH - 2 * MARGIN}" height="40" rx="6"/>`,
			text(MARGIN + 14, below + 25, `host  ${host}`, 'title'),
		],
		height: below + 40 + CARD.gap,
	};
}

interface Box {
	readonly title: string;
	readonly note: string;
	readonly style: 'network' | 'internal' | 'apart';
	readonly cards: readonly Card[];
}

function boxOf({ network, traits, members }: Segment): Box {
	const style = network.internal ? 'internal' : 'network';
	return { title: network.name, note: traits.join(', '), style, cards: members.map(cardOf) };
}

function apartBox(containers: readonly TopologyContainer[]): Box {
	const cards = containers.map(
		(container): Card => ({
			title: container.name,
			texts: [driverOf(container)],
			doors: [],
			style: container.running ? 'running' : 'stopped',
		}),
	);
	return { title: 'on no network', note: '', style: 'apart', cards };
}

/** On the first of its networks a container is drawn with all that belongs to it, on others with its address there. */
function cardOf({ container, addresses, ports, also, isFirst }: Member): Card {
	const { name, running } = container;
	if (!isFirst) return { title: name, texts: addresses, doors: ports, style: 'again' };
	const others = also.length > 0 ? [`also on ${also.join(', ')}`] : [];
	const texts = [...addresses, driverOf(container), ...others];
	return { title: name, texts, doors: ports, style: running ? 'running' : 'stopped' };
}

function drawBox({ title, note, style, cards }: Box): Drawn {
	const rows = Array.from({ length: Math.ceil(cards.length / PER_ROW) }, (_, row) =>
		cards.slice(row * PER_ROW, (row + 1) * PER_ROW),
	);
	const lines: string[] = [];
	let y = 52;
	for (const row of rows) {
		const height = Math.max(...row.map(heightOf));
		for (const [column, card] of row.entries())
			lines.push(...drawCard(card, MARGIN / 2 + column * (CARD.width + CARD.gap), y, height));
		y += height + CARD.gap;
	}
	const height = Math.max(60, y);
	const frame = `<rect class="${style}" width="${WIDTH - 2 * MARGIN - SPINE}" height="${height}" rx="10"/>`;
	const head = [text(14, 24, fit(title, FIT.card * 2), 'title'), text(14, 42, fit(note, FIT.network), 'small')];
	return { lines: [frame, ...head, ...lines], height };
}

function heightOf({ texts, doors }: Card): number {
	return 34 + (texts.length + doors.length) * CARD.line;
}

function drawCard({ title, texts, doors, style }: Card, x: number, y: number, height: number): string[] {
	const rows = [...texts.map((one) => ({ one, kind: 'small' })), ...doors.map((one) => ({ one, kind: 'door' }))];
	return [
		`<rect class="card ${style}" x="${x}" y="${y}" width="${CARD.width}" height="${height}" rx="6"/>`,
		`<circle class="state ${style}" cx="${x + 14}" cy="${y + 17}" r="4"/>`,
		text(x + 26, y + 22, fit(title, FIT.card - 5), 'name'),
		...rows.map(({ one, kind }, index) => text(x + 14, y + 41 + index * CARD.line, fit(one, FIT.card), kind)),
	];
}

function text(x: number, y: number, content: string, style: string): string {
	return `<text class="${style}" x="${x}" y="${y}">${escapeXml(content)}</text>`;
}

function fit(content: string, most: number): string {
	const characters = [...content];
	return characters.length > most ? `${characters.slice(0, most - 1).join('')}…` : content;
}

/** Everything that XML takes for markup; control characters, which it does not allow, become spaces. */
function escapeXml(content: string): string {
	return content.replace(/\p{Cc}/gu, ' ').replace(/[&<>"']/g, (one) => `&#${one.codePointAt(0)};`);
}
