// What a burn asks of the bridge, as a program for a namespace: `for-burn-cli NODES`, JSON in and out.

import { bridgeHere, type NodeAddress, reserveNodes } from '../../../src/bridge/use/for-burn.js';
import { toFailure } from '../../../src/errors.js';

const nodes = JSON.parse(process.argv[2] ?? '[]') as NodeAddress[];
const here = (await bridgeHere()) ?? {};
const result = await reserveNodes(nodes).catch(toFailure);
process.stdout.write(JSON.stringify({ here, result }));
