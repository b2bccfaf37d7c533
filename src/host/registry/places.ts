import { rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Places of images on their way, below the daemon's root directory on its own machine, whatever host it manages. */
export class RegistryPlaces {
	readonly root: string;

	constructor(root: string) {
		this.root = root;
	}

	/** Data of images on their way into layers; gone when a daemon starts. */
	layouts(): string {
		return join(this.root, 'layouts');
	}

	layout(id: string): string {
		return join(this.layouts(), id);
	}

	/** Credentials for registries, as containers-auth.json(5) has them. */
	credentials(): string {
		return join(this.root, 'auth.json');
	}
}

/** Removes a layout or an archive of ours. Nobody else writes there, and nothing is mounted below. Missing is fine. */
export async function removeData(path: string): Promise<void> {
	await rm(path, { recursive: true, force: true });
}
