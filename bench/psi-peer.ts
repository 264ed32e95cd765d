/** A peer as a process of its own, for `psi`: @openmined/psi.js, both of its parties in one thread, from lists in memory to a list. */
import { createRequire } from 'node:module';
import { join } from 'node:path';

interface Message {
  serializeBinary(): Uint8Array;
}
interface Psi {
  server: {
    createWithNewKey(reveal: boolean): {
      createSetupMessage(rate: number, clients: number, items: string[], structure: unknown): Message;
      processRequest(request: Message): Message;
    };
  };
  client: {
    createWithNewKey(reveal: boolean): {
      createRequest(items: string[]): Message;
      getIntersection(setup: Message, response: Message): number[];
    };
  };
  dataStructure: { Raw: unknown };
}

const rows = Number(process.argv[2]);
const load = createRequire(join(import.meta.dirname, 'peers/package.json'));
const psi = await (load('@openmined/psi.js') as () => Promise<Psi>)();
const list = (from: number) => Array.from({ length: rows }, (_, at) => `110101${100_000_000_000 + (from + at) * 7919}`);
const [own, others] = [list(0), list(rows / 2)];

const begun = performance.now();
const cpu = process.cpuUsage();
const server = psi.server.createWithNewKey(true);
const client = psi.client.createWithNewKey(true);
// As exact as ours: points themselves, no filter with false positives.
const setup = server.createSetupMessage(0, rows, others, psi.dataStructure.Raw);
const request = client.createRequest(own);
const response = server.processRequest(request);
const common = client.getIntersection(setup, response).length;
const { user, system } = process.cpuUsage(cpu);
console.log(
  JSON.stringify({
    common,
    milliseconds: Math.round(performance.now() - begun),
    cpuSeconds: Math.round((user + system) / 10_000) / 100,
    bytes: [setup, request, response].reduce((sum, one) => sum + one.serializeBinary().length, 0),
  }),
);
process.exit(0);
