/** Writes the tables of attacks into docs/security.md; a test compares. */
import { readFileSync, writeFileSync } from 'node:fs';
import { withTables } from './table.ts';

const DOCUMENT = new URL('../../../docs/security.md', import.meta.url);

writeFileSync(DOCUMENT, withTables(readFileSync(DOCUMENT, 'utf8')));
