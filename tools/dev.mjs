// `npm run dev`: the server, started again at every change, and vite's own server for the portal. Either one's end ends both.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { endLike, passSignals } from './launch/process.mjs';

const root = join(import.meta.dirname, '..');
const portal = join(root, 'apps/portal');

const programs = [
  { args: ['--watch', join(root, 'apps/cli/src/main.ts'), 'start', ...process.argv.slice(2)], cwd: root },
];
if (existsSync(join(portal, 'index.html'))) {
  programs.push({ args: [join(root, 'node_modules/vite/bin/vite.js')], cwd: portal });
}

const children = programs.map(({ args, cwd }) => spawn(process.execPath, args, { cwd, stdio: 'inherit' }));
let left = children.length;
for (const child of children) {
  passSignals(child);
  child.on('exit', (code, signal) => {
    left--;
    for (const other of children) if (other !== child) other.kill('SIGTERM');
    if (left === 0) endLike(code, signal);
  });
}
