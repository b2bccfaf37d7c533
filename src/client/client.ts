import { type ActivityClient, activityClient } from './activity/activity.ts';
import { DEFAULT_HOST, parseDaemonAddress } from './address.ts';
import { type ContainersClient, containersClient } from './containers.ts';
import { type DiagnosisClient, diagnosisClient } from './diagnosis.ts';
import { type ExecutionsClient, executionsClient } from './executions.ts';
import { HttpTransport } from './http.ts';
import { type BuildsClient, buildsClient } from './images/builds.ts';
import { type ImagesClient, imagesClient } from './images/images.ts';
import { type NetworksClient, networksClient } from './networks.ts';
import { type ObservabilityClient, observabilityClient } from './observability/observability.ts';
import { type Relay, relayOf } from './relay.ts';
import { type SystemClient, systemClient } from './system.ts';
import { readTls, type TlsFiles } from './tls.ts';
import { type VolumesClient, volumesClient } from './volumes.ts';

export interface ClientOptions {
	/** See `parseDaemonAddress`. Default: the socket `/var/run/kleened.sock`. */
	readonly host?: string | undefined;
	readonly tls?: TlsFiles;
	/** Over ssh: ask nothing on the terminal. */
	readonly batch?: boolean;
}

/** A daemon, by resource. Every call rejects with a KleeneError and nothing else that is not a defect of ours. */
export interface KleeneClient {
	readonly containers: ContainersClient;
	/** What containers do and did. */
	readonly activity: ActivityClient;
	/** Views of the network. */
	readonly observability: ObservabilityClient;
	readonly executions: ExecutionsClient;
	readonly images: ImagesClient;
	readonly builds: BuildsClient;
	readonly networks: NetworksClient;
	readonly volumes: VolumesClient;
	readonly diagnosis: DiagnosisClient;
	readonly system: SystemClient;
	/** Requests of other programs. */
	readonly relay: Relay;
	/** Closes idle connections. */
	close(): void;
}

/** Connects at the first call, not here. */
export function openClient(options: ClientOptions = {}): KleeneClient {
	const address = parseDaemonAddress(options.host ?? DEFAULT_HOST);
	const http = new HttpTransport(address, address.tls ? readTls(options.tls ?? {}) : { rejectUnauthorized: false }, {
		batch: options.batch,
	});
	return {
		containers: containersClient(http),
		activity: activityClient(http),
		observability: observabilityClient(http),
		executions: executionsClient(http),
		images: imagesClient(http),
		builds: buildsClient(http),
		networks: networksClient(http),
		volumes: volumesClient(http),
		diagnosis: diagnosisClient(http),
		system: systemClient(http),
		relay: relayOf(http),
		close: () => http.close(),
	};
}
