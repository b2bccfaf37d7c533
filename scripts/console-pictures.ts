/** `node scripts/console-pictures.ts`: draws the pictures of docs/console.md anew, with the containers of `npm run demo -- --console`. */
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { ConsoleHost } from '../test/console/console-host.ts';
import { startHostWithUplink } from '../test/testbed/base-image.ts';
import { Narrator } from './demo/narrator.ts';
import { talking } from './demo/talking.ts';

const FOLDER = join(import.meta.dirname, '../docs/pictures');

/** From, to, port: why not? */
const QUESTIONS = {
	'icc-off': ['visitor', 'guest', '80'],
	internal: ['silent', 'db', '5432'],
	'not-published': ['outside', 'silent', '80'],
	'not-listening': ['client', 'silent', '80'],
	vpn: ['client', 'outside', ''],
} as const;

async function answer(page: Page, [source, destination, port]: readonly [string, string, string]): Promise<void> {
	await page.getByRole('button', { name: 'Trace a packet' }).click();
	await page.getByRole('combobox', { name: 'From' }).selectOption(source);
	await page.getByRole('combobox', { name: 'To', exact: true }).selectOption(destination);
	await page.getByLabel('Port').fill(port);
	await page.getByRole('button', { name: 'Probe' }).click();
	await page.locator('.verdict').waitFor();
}

const host = await startHostWithUplink();
try {
	await talking(new Narrator(host));
	const served = await ConsoleHost.start(host);
	const { page } = await served.open({ viewport: { width: 1120, height: 860 } });
	await page.locator('.tile').nth(5).waitFor();
	await page.screenshot({ path: join(FOLDER, 'map.png') });
	for (const [name, question] of Object.entries(QUESTIONS)) {
		await answer(page, question);
		await page.screenshot({ path: join(FOLDER, `${name}.png`) });
		console.log(name, await page.locator('.trace').textContent());
		await page.getByRole('button', { name: 'End' }).click();
	}
	await served.close();
} finally {
	await host.inside('ip', 'link', 'delete', 'vpn0');
	await host.close();
}
