import { runKlee } from './program.ts';

// No await: the bundle is CommonJS, which starts faster.
void runKlee(process.argv.slice(2)).then((code) => {
	process.exitCode = code;
});
