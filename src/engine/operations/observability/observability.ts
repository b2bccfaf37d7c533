import type { EngineContext } from '../../context.ts';
import type { ContainerOperations } from '../container/containers.ts';
import type { Runs } from '../container/runs.ts';
import { CaptureOperations } from './capture/captures.ts';
import { CounterOperations } from './counters.ts';
import { FlowOperations } from './flows.ts';
import { RefusalOperations } from './refusals.ts';
import { TopologyOperations } from './topology.ts';

/** Views of the network: its map and its traffic. Nothing here changes anything. */
export class Observability {
	readonly topology: TopologyOperations;
	readonly flows: FlowOperations;
	readonly refusals: RefusalOperations;
	readonly counters: CounterOperations;
	readonly captures: CaptureOperations;

	constructor(context: EngineContext, runs: Runs, containers: ContainerOperations) {
		this.topology = new TopologyOperations(context, containers);
		this.flows = new FlowOperations(context, runs);
		this.refusals = new RefusalOperations(context);
		this.captures = new CaptureOperations(context, runs);
		this.counters = new CounterOperations(context);
	}
}
