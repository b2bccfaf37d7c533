import type { Diagnosis, RepairResponse, Trace } from '#api/diagnosis.ts';
import type { HttpTransport } from './http.ts';

export interface DiagnosisClient {
	/** Problems found in the networks of the host. */
	doctor(): Promise<Diagnosis>;
	/** Puts right what can be put right. */
	repair(): Promise<RepairResponse>;
	/** The way of a packet. @param destination a container, `host`, `outside` or an address, and `:PORT` or `:PORT/PROTO` */
	trace(source: string, destination: string): Promise<Trace>;
}

export function diagnosisClient(http: HttpTransport): DiagnosisClient {
	const doing = 'examine the networks of the host';
	return {
		doctor: () => http.call<Diagnosis>({ method: 'GET', path: ['networks', 'doctor'], doing }),
		repair: () =>
			http.call<RepairResponse>({
				method: 'POST',
				path: ['networks', 'doctor', 'repair'],
				doing: 'repair the networks of the host',
			}),
		trace: (source, destination) =>
			http.call<Trace>({
				method: 'GET',
				path: ['networks', 'trace'],
				query: { source, destination },
				doing: `trace from ${source} to ${destination}`,
			}),
	};
}
