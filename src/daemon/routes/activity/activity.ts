import type { Engine } from '#engine/engine.ts';
import type { App } from '../../http.ts';
import { changeRoutes } from './changes.ts';
import { eventRoutes } from './events.ts';
import { fileRoutes } from './files.ts';
import { logRoutes } from './logs.ts';
import { objectRoutes } from './objects.ts';
import { overviewRoutes } from './overview.ts';
import { processRoutes } from './processes.ts';

/** What containers and the daemon do and did. */
export function activityRoutes(app: App, engine: Engine): void {
	logRoutes(app, engine);
	eventRoutes(app, engine);
	fileRoutes(app, engine);
	objectRoutes(app, engine);
	overviewRoutes(app, engine);
	changeRoutes(app, engine);
	processRoutes(app, engine);
}
