import type { Engine } from '#engine/engine.ts';
import type { App } from '../../http.ts';
import { captureRoutes } from './capture.ts';
import { metricsRoute } from './metrics.ts';
import { refusalRoutes } from './refusals.ts';
import { topologyRoutes } from './topology.ts';
import { trafficRoutes } from './traffic.ts';

/** Views of the network: its map and its traffic. */
export function observabilityRoutes(app: App, engine: Engine): void {
	topologyRoutes(app, engine);
	trafficRoutes(app, engine);
	metricsRoute(app, engine);
	refusalRoutes(app, engine);
	captureRoutes(app, engine);
}
