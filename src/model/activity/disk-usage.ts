/** Room that an object occupies on the host. */
export interface DiskUsage {
	/** `cache`: of RUN; `lost`: in lost+found. */
	readonly kind: 'layer' | 'container' | 'volume' | 'cache' | 'lost';
	/** Of a volume: its name; of what is in lost+found: with its kind in front. */
	readonly id: string;
	/** Of a container: its own changes and its log. */
	readonly bytes: number;
}
