import type { EngineContext } from '../../context.ts';
import type { Runs } from '../container/runs.ts';
import { EventOperations } from './events.ts';
import { LogOperations } from './logs.ts';
import { ObjectOperations } from './objects.ts';

/** What containers and the daemon do and did. */
export class Activity {
	readonly events: EventOperations;
	readonly logs: LogOperations;
	readonly objects: ObjectOperations;

	constructor(context: EngineContext, runs: Runs) {
		this.events = new EventOperations(context);
		this.logs = new LogOperations(context, runs);
		this.objects = new ObjectOperations(context);
	}
}
