import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

// Beside the bundle, never in /tmp: anybody who can write the cache runs code as the user of klee, who is mostly root.
if (import.meta.filename.endsWith('.mjs')) enableCompileCache(join(import.meta.dirname, '.compile-cache'));

const { runKlee } = await import('./program.ts');
process.exitCode = await runKlee(process.argv.slice(2));
