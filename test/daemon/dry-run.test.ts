/** Dry runs of containers over REST, on a host in memory: the shape of the answers, and that nothing is left. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { DETAILED_ERROR } from '#api/media-types.ts';
import { buildApp } from '#daemon/app.ts';
import { createContainer, EXECUTE, onHost, start, startEngine } from '#test/engine/fixture.ts';
import { TESTNET_CONFIG } from '#test/engine/testnet.ts';

async function startApi() {
	const fixture = await startEngine();
	await fixture.engine.networks.create(TESTNET_CONFIG, EXECUTE);
	const app = await buildApp(fixture.engine, pino({ level: 'silent' }));
	const headers = { accept: DETAILED_ERROR };
	const post = async (url: string, payload?: object) => {
		const answer = await app.inject({ method: 'POST', url, headers, ...(payload ? { payload } : {}) });
		return { status: answer.statusCode, body: answer.json() };
	};
	const schema = async () => (await app.inject({ method: 'GET', url: '/openapi.json' })).json();
	return { ...fixture, post, schema };
}

const RUN = {
	container: { name: 'dry', image: 'Base', cmd: ['true'], network_driver: 'vnet' },
	endpoints: [{ network: 'testnet', ip_address: '<auto>', ip_address6: '' }],
	execution: { cmd: [], user: '', env: [], tty: false },
};

test('POST /containers/run answers with the plan alone for a dry run, else with what it made', async () => {
	const fixture = await startApi();
	const before = onHost(fixture);
	const { status, body } = await fixture.post('/containers/run?dry_run=true', RUN);
	assert.deepEqual([status, Object.keys(body)], [200, ['plan']]);
	assert.match(body.plan.join('\n'), /^make root-files .*\n(.*\n)*make epair epair0\n(.*\n)*make sandbox /);
	const unknown = { ...RUN, endpoints: [{ network: 'nosuch', ip_address: '<auto>', ip_address6: '' }] };
	const refused = await fixture.post('/containers/run?dry_run=true', unknown);
	assert.deepEqual([refused.status, refused.body.code], [404, 'NO_SUCH_NETWORK']);
	assert.equal(refused.body.message, 'could not connect container: network not found');
	const failed = await fixture.post('/containers/run', unknown);
	assert.deepEqual(failed, refused);
	assert.deepEqual([onHost(fixture), await fixture.engine.containers.list(true)], [before, []]);
	const made = await fixture.post('/containers/run', RUN);
	const [container] = await fixture.engine.containers.list(false);
	assert.deepEqual([made.status, made.body.id], [201, container?.container.id]);
	assert.equal(fixture.engine.executions.containerOf(made.body.exec_id), made.body.id);
});

test('start and stop plan on the routes that do it, with the answer of the networks', async () => {
	const fixture = await startApi();
	const id = await createContainer(fixture, 'web');
	const exec = { container_id: 'web' };
	const planned = await fixture.post('/exec/create?dry_run=true', exec);
	assert.deepEqual(planned, {
		status: 200,
		body: { plan: [`make root-mount ${id}`, `make stack ${id}`, `make sandbox ${id}`] },
	});
	assert.equal(fixture.engine.containers.inspect('web').running, false);
	await start(fixture, 'web');
	const running = onHost(fixture);
	const stop = await fixture.post('/containers/web/stop?dry_run=true');
	assert.deepEqual(stop, {
		status: 200,
		body: { plan: [`unmake sandbox ${id}`, `unmake stack ${id}`, `unmake root-mount ${id}`] },
	});
	assert.deepEqual(onHost(fixture), running);
	assert.deepEqual(await fixture.post('/containers/web/stop'), { status: 200, body: { id } });
});

test('the OpenAPI document has the option where it works', async () => {
	const { paths, components } = await (await startApi()).schema();
	const resolve = ({ $ref = '', ...inline }) => components.schemas[$ref.replace(/.*\//, '')] ?? inline;
	for (const path of ['/containers/run', '/containers/{container_id}/stop', '/exec/create', '/networks/create']) {
		const { parameters, responses } = paths[path].post;
		assert.ok(parameters.map(({ name }: { name: string }) => name).includes('dry_run'), path);
		const { schema } = responses['200'].content['application/json'];
		const shapes = (schema.anyOf ?? [schema]).map(resolve);
		assert.equal(shapes[0].properties.plan.type, 'array', path);
	}
});
