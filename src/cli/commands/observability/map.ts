import type { Action } from '../../invocation.ts';
import { drawCharacters } from '../../map/characters.ts';
import { drawDot, drawMermaid } from '../../map/graphs.ts';
import { type Scene, sceneOf } from '../../map/scene.ts';
import { drawSvg } from '../../map/svg.ts';
import { renderJson } from '../../render/json.ts';
import { line, lines, terminalWidth } from '../../render/output.ts';

export interface MapOptions {
	readonly json?: boolean;
	readonly svg?: boolean;
	readonly dot?: boolean;
	readonly mermaid?: boolean;
}

export const map: Action<MapOptions> = async ({ args, options, client }) => {
	const topology = await client.observability.topology();
	if (options.json) line(renderJson(topology));
	else lines(draw(sceneOf(topology, args), options));
};

function draw(scene: Scene, { svg, dot, mermaid }: MapOptions): string[] {
	if (svg) return drawSvg(scene);
	if (dot) return drawDot(scene);
	return mermaid ? drawMermaid(scene) : drawCharacters(scene, terminalWidth());
}
