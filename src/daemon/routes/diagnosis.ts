import { Diagnosis, RepairResponse, Trace, TraceQuery } from '#api/diagnosis.ts';
import type { Engine } from '#engine/engine.ts';
import type { Finding } from '#engine/plan/doctor/finding.ts';
import type { App } from '../http.ts';

export function diagnosisRoutes(app: App, engine: Engine): void {
	doctorRoutes(app, engine);
	traceRoutes(app, engine);
}

function doctorRoutes(app: App, { doctor }: Engine): void {
	const present = (finding: Finding) => {
		const { kind, severity, subject, what, why, hint } = finding;
		return { kind, severity, subject, what, why, hint, plan: doctor.describe(finding) };
	};

	app.route({
		method: 'GET',
		url: '/networks/doctor',
		schema: { response: { 200: Diagnosis } },
		config: { errors: [500] },
		handler: async () => {
			const { findings, extent } = await doctor.examine();
			return { findings: findings.map(present), examined: extent };
		},
	});

	app.route({
		method: 'POST',
		url: '/networks/doctor/repair',
		schema: { response: { 200: RepairResponse } },
		config: { errors: [500], slow: true },
		handler: async () => {
			const { findings, extent, repaired, failures } = await doctor.repair();
			const lists = { repaired: repaired.map(present), findings: findings.map(present) };
			return { ...lists, failures: [...failures], examined: extent };
		},
	});
}

function traceRoutes(app: App, { traces }: Engine): void {
	app.route({
		method: 'GET',
		url: '/networks/trace',
		schema: { querystring: TraceQuery, response: { 200: Trace } },
		config: { errors: [404, 409, 500] },
		handler: async ({ query }) => {
			const { question, probe, notProbed, notEvaluated, hops, listening, ...told } = await traces.trace(
				query.source,
				query.destination,
			);
			return {
				...question,
				...told,
				hops: hops.map(({ kind, what, verdict = null, change = null }) => ({ kind, what, verdict, change })),
				probe: probe ? { ...probe } : null,
				not_probed: notProbed,
				not_evaluated: [...notEvaluated],
				listening: listening ?? null,
			};
		},
	});
}
