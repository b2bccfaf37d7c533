/** Room that an object occupies on the host. */
export interface DiskUsage {
	readonly kind: 'layer' | 'container' | 'volume';
	/** Of a volume: its name. */
	readonly id: string;
	/** Of a container: its own changes and its log. */
	readonly bytes: number;
}
