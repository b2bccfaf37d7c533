/** References between parts: one provides what another stands on. */

/** An interface of the host, of Kleene's or not. */
export function interfaceOnHost(name: string): string {
	return `interface ${name}`;
}

/** The inner end of a cable. */
export function interfaceInside(container: string, name: string): string {
	return `interface ${name} in container ${container}`;
}

export function stackOf(container: string): string {
	return `network stack of container ${container}`;
}

export function rulesOf(network: string): string {
	return `rules of network ${network}`;
}

export function layerFilesOf(layer: string): string {
	return `files of layer ${layer}`;
}

export function rootFilesOf(container: string): string {
	return `files of container ${container}`;
}

export function rootMountOf(container: string): string {
	return `root file system of container ${container}`;
}

export function runMountsOf(container: string): string {
	return `mounts of a build in container ${container}`;
}

export function volumeFilesOf(volume: string): string {
	return `files of volume ${volume}`;
}
