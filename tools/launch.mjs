// Runs before anything is installed, under whatever Node the machine has: plain JavaScript, nothing but Node's own
// modules. Sees to dependencies, Node 24 and the portal's build, then becomes the program the verb names.
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const nodeMin = [20, 19];
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < nodeMin[0] || (major === nodeMin[0] && minor < nodeMin[1])) {
  console.error(
    `shugu: Node ${nodeMin.join('.')} or newer is needed, this is ${process.versions.node}.\n` +
      `数谷：需要 Node ${nodeMin.join('.')} 或更高版本，当前为 ${process.versions.node}。`,
  );
  process.exit(1);
}

// Older versions must be able to read this file up to here, so the rest is loaded only now.
const { launch } = await import('./launch/main.mjs');
const root = dirname(dirname(fileURLToPath(import.meta.url)));
await launch({ root, args: process.argv.slice(2) });
