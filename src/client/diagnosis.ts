import type { Diagnosis, RepairResponse } from '#api/diagnosis.ts';
import type { HttpTransport } from './http.ts';

export interface DiagnosisClient {
	/** What is wrong with the networks of the host. */
	doctor(): Promise<Diagnosis>;
	/** Puts right what can be put right. */
	repair(): Promise<RepairResponse>;
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
	};
}
