import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ensureDependencies } from './dependencies.mjs';
import { ensureLock } from './lock.mjs';
import { childEnvironment, findNode } from './node.mjs';
import { ensurePortal, portalNeedsBuild } from './portal.mjs';
import { become } from './process.mjs';

/**
 * Verbs of the workshop; any other word is a verb of the command line, which `apps/cli` explains.
 * `program` runs from the checkout's root, except the command line, whose file arguments are relative to the caller.
 * @type {Record<string, { program: string, portal?: boolean }>}
 */
const verbs = {
  test: { program: 'tools/test.mjs' },
  check: { program: 'tools/check.mjs' },
  dev: { program: 'tools/dev.mjs' },
  bench: { program: 'bench/run.ts' },
  interop: { program: 'interop/run.ts' },
  e2e: { program: 'apps/portal/e2e/run.ts', portal: true },
  gen: { program: 'tools/gen.ts' },
  package: { program: 'tools/package.ts' },
};
const commandLine = 'apps/cli/src/main.ts';
/** Of the command line's verbs those that serve the portal. */
const showing = ['start', 'node', 'demo'];
// A small young generation keeps the server near 350 MB where it would drift to 500; the old one has room to spare.
const frugal = ['--max-semi-space-size=4', '--max-old-space-size=512'];

/** @param {{ root: string, args: string[] }} options */
export async function launch({ root, args }) {
  const [verb = '--help', ...rest] = args;
  const own = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined;
  const portal = own?.portal ?? showing.includes(verb);
  try {
    await ensureLock(root, (locked) => ensureDependencies(root, locked));
    const node = findNode(root);
    if (portal && portalNeedsBuild(root)) await ensureLock(root, (locked) => ensurePortal(root, node, locked));
    const program = join(root, own?.program ?? commandLine);
    if (!existsSync(program))
      throw new Error(`${own?.program ?? commandLine} is not in this checkout, so "${verb}" cannot run`);
    if (own) process.chdir(root);
    become(node, [...(own ? [] : frugal), program, ...(own ? rest : [verb, ...rest])], childEnvironment(node, root));
  } catch (error) {
    console.error(`shugu: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  }
}
