/** Holds a page against the rules of axe-core (WCAG). */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** @param within selector. @returns rules that this part of the page breaks, each with the first element that does */
export async function violations(page: Page, within = 'body'): Promise<string[]> {
	const report = `violations.map(({ id, nodes }) => id + ': ' + nodes[0].html)`;
	return await page.evaluate(`${readFileSync(AXE, 'utf8')}\naxe.run('${within}').then((result) => result.${report})`);
}
