const HOUR = 60;

/**
 * @param created ISO 8601
 * @param now milliseconds since the epoch
 * @returns e.g. `About a minute ago`
 */
export function age(created: string, now: number): string {
	const elapsed = (now - Date.parse(created)) / 1000;
	return Number.isNaN(elapsed) ? '' : `${duration(Math.max(0, Math.floor(elapsed)))} ago`;
}

/** @param seconds whole seconds */
export function duration(seconds: number): string {
	if (seconds < 1) return 'Less than a second';
	if (seconds === 1) return '1 second';
	if (seconds < 60) return `${seconds} seconds`;
	const minutes = Math.floor(seconds / 60);
	if (minutes === 1) return 'About a minute';
	if (minutes < HOUR) return `${minutes} minutes`;
	return hoursAndMore(Math.floor(minutes / HOUR + 0.5));
}

function hoursAndMore(hours: number): string {
	if (hours === 1) return 'About an hour';
	if (hours < 48) return `${hours} hours`;
	if (hours < 336) return `${Math.floor(hours / 24)} days`;
	if (hours < 1440) return `${Math.floor(hours / 168)} weeks`;
	if (hours < 17520) return `${Math.floor(hours / 720)} months`;
	return `${Math.floor(hours / 8760)} years`;
}
