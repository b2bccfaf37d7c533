import type { EngineContext } from '../../context.ts';
import type { ContainerOperations } from '../container/containers.ts';
import { TopologyOperations } from './topology.ts';

/** Views of the network: its map and its traffic. Nothing here changes anything. */
export class Observability {
	readonly topology: TopologyOperations;

	constructor(context: EngineContext, containers: ContainerOperations) {
		this.topology = new TopologyOperations(context, containers);
	}
}
