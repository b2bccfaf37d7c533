/** Milliseconds of work, whatever else the machine does meanwhile. */
export function processorTime(work: () => void): number {
	const start = process.cpuUsage();
	work();
	const { user, system } = process.cpuUsage(start);
	return (user + system) / 1000;
}
