import { join } from 'node:path';
import { RegistryPlaces } from '#host/registry/places.ts';

/**
 * Paths below the daemon's root directory. Ids are parsed before they come here (12 hex digits), so a path
 * is always below the root.
 */
export class Paths extends RegistryPlaces {
	layers(): string {
		return join(this.root, 'layers');
	}

	/** The read-only files of a layer. There only when they are complete. */
	layer(id: string): string {
		return join(this.layers(), id);
	}

	/** Of a layer that is being made or removed, with what that needs. */
	halfMadeLayer(id: string): string {
		return `${this.layer(id)}.partial`;
	}

	containers(): string {
		return join(this.root, 'containers');
	}

	/** Everything of one container: `upper`, `work`, `root` (mount point), `bundle`, `log`. */
	container(id: string): string {
		return join(this.containers(), id);
	}

	/** What a container changed: the upper directory of its overlay. */
	containerChanges(id: string): string {
		return join(this.container(id), 'upper');
	}

	/** Mount point of a container's root file system. */
	containerRoot(id: string): string {
		return join(this.container(id), 'root');
	}

	/** What overlayfs needs beside them. */
	containerWork(id: string): string {
		return join(this.container(id), 'work');
	}

	/** Mount point of files that a build copies into the container, and directory of an archive that it unpacks for it. */
	copyOrigin(id: string): string {
		return join(this.container(id), 'from');
	}

	/** Mounts of a RUN of a build: a number each, and what those need. */
	runMounts(id: string): string {
		return join(this.container(id), 'mounts');
	}

	/** What is mounted as number `index`. */
	runMount(id: string, index: number): string {
		return join(this.runMounts(id), `${index}`);
	}

	/** The OCI bundle: config.json, attach socket, control pipes, pid files, status of the first process. */
	bundle(id: string): string {
		return join(this.container(id), 'bundle');
	}

	/** Output of its first process, in files that `LogDirectory` describes. */
	log(id: string): string {
		return join(this.container(id), 'log');
	}

	/** Leases of its interfaces, and what the clients need that keep them. */
	leases(id: string): string {
		return join(this.container(id), 'leases');
	}

	/** Source of /etc/resolv.conf in containers whose names Kleene resolves. */
	resolvConf(id: string): string {
		return join(this.container(id), 'resolv.conf');
	}

	volumes(): string {
		return join(this.root, 'volumes');
	}

	/** The files of a volume. Its name was parsed: one component that does not begin with a dot. */
	volume(name: string): string {
		return join(this.volumes(), name);
	}

	/** Says for which container a volume was filled. Beside the volumes, where no container comes. */
	filling(name: string): string {
		return join(this.volumes(), '.filling', name);
	}

	buildContexts(): string {
		return join(this.root, 'contexts');
	}

	/** Files that a client sent for a build. */
	buildContext(id: string): string {
		return join(this.buildContexts(), id);
	}

	/** Caches of RUN. */
	buildCaches(): string {
		return join(this.root, 'build-cache');
	}

	buildCache(name: string): string {
		return join(this.buildCaches(), name);
	}

	/** Files that nobody knows any more. */
	lost(): string {
		return join(this.root, 'lost+found');
	}

	/** Files of what was removed while the daemon started: they go in the background. */
	removed(): string {
		return join(this.root, 'removed');
	}

	/** State of the OCI runtime (`runc --root`). */
	runtimeState(): string {
		return join(this.root, 'runtime');
	}

	/** conmon writes a file named after the container here when its sandbox ended. */
	exits(): string {
		return join(this.root, 'exits');
	}

	/** How the last run of a container ended; see `exit-files.ts`. */
	exit(id: string): string {
		return join(this.exits(), id);
	}
}
