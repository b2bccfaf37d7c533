/** kleened with points of failure: `faulty-daemon.ts FOLDER OPTION...`, with the options of kleened. */
import { installFaultPoints } from './fault-points.ts';

const [folder = ''] = process.argv.splice(2, 1);
installFaultPoints(folder);
await import('#daemon/main.ts');
