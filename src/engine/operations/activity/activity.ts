import type { EngineContext } from '../../context.ts';
import type { CacheMounts } from '../build/cache-mounts.ts';
import type { ContainerOperations } from '../container/containers.ts';
import type { Runs } from '../container/runs.ts';
import { AttachmentOperations } from './attachments.ts';
import { ChangeOperations } from './changes.ts';
import { EndingOperations } from './endings.ts';
import { EventOperations } from './events.ts';
import { FileOperations } from './files.ts';
import { LogOperations } from './logs.ts';
import { ObjectOperations } from './objects.ts';
import { OverviewOperations } from './overview.ts';
import { ProcessOperations } from './processes.ts';
import { UsageOperations } from './usage.ts';

/** What containers and the daemon do and did. */
export class Activity {
	readonly attachments: AttachmentOperations;
	readonly changes: ChangeOperations;
	readonly endings: EndingOperations;
	readonly events: EventOperations;
	readonly files: FileOperations;
	readonly logs: LogOperations;
	readonly objects: ObjectOperations;
	readonly overview: OverviewOperations;
	readonly processes: ProcessOperations;
	readonly usage: UsageOperations;

	constructor(context: EngineContext, runs: Runs, containers: ContainerOperations, caches: CacheMounts) {
		this.attachments = new AttachmentOperations(context, runs);
		this.changes = new ChangeOperations(context);
		this.endings = new EndingOperations(context, runs);
		this.events = new EventOperations(context);
		this.files = new FileOperations(context, runs);
		this.logs = new LogOperations(context, runs);
		this.objects = new ObjectOperations(context);
		this.overview = new OverviewOperations(context, runs, caches);
		this.processes = new ProcessOperations(context, runs, containers);
		this.usage = new UsageOperations(context, runs);
	}
}
