/** The connection of a container to a network. */
export interface Endpoint {
	readonly id: string;
	readonly containerId: string;
	readonly networkId: string;
	/** `''` where the family is not used. */
	readonly ipAddress: string;
	readonly ipAddress6: string;
	/** Place among the container's endpoints, in order of connection: names the inner interface (`epair<position>b`). */
	readonly position: number;
	/** Unit of the epair on the host while the container runs, else null. */
	readonly epair: number | null;
	/** Of the inner end; `''`: derived from the id. */
	readonly mac: string;
	/** Preferred over the other endpoints of its container for the default route. */
	readonly defaultRoute: boolean;
}

export function addressesOf(endpoint: Endpoint): string[] {
	return [endpoint.ipAddress, endpoint.ipAddress6].filter((address) => address !== '');
}
