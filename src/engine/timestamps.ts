/** A clock whose answers always rise: ISO 8601 with microseconds, UTC, e.g. `2024-02-26T08:52:13.530611Z`. */
export function risingTimestamps(): () => string {
	let last = 0n;
	return () => {
		const now = BigInt(Date.now()) * 1000n + ((process.hrtime.bigint() / 1000n) % 1000n);
		last = now > last ? now : last + 1n;
		const seconds = new Date(Number(last / 1000n)).toISOString().slice(0, 19);
		return `${seconds}.${(last % 1_000_000n).toString().padStart(6, '0')}Z`;
	};
}
