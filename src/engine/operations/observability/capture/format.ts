import type { CaptureEnd } from '#model/traffic/capture.ts';

/** An end with its reason. */
export interface CaptureSummary extends Pick<CaptureEnd, 'packets' | 'dropped'> {
	readonly reason: string;
}

/** Turns the output of a host into pieces for a reader. */
export interface CaptureFormat<T> {
	begin(): T[];
	push(piece: Buffer): T[];
	end(summary: CaptureSummary): T[];
	sizeOf(value: T): number;
}
