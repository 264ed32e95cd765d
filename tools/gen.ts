/**
 * `npm run gen`: writes the reference documents and the digests of new migrations and rule packs. An edited migration is
 * refused; `--rewrite-migrations` takes it over, for files that no release has run yet. A changed rule pack is taken over until
 * 0.1.0 is released, and refused from then on. `npm run gen -- golden` makes the golden databases of a release and nothing else.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { referenceDocuments } from './reference/documents.ts';
import { digestsPath, editedMigrations, keptDigests, migrationDigests } from './reference/migrations.ts';
import { changedPacks, isReleased, keptPackDigests, packDigests, packDigestsPath } from './reference/rulepacks.ts';

const root = join(import.meta.dirname, '..');

if (process.argv.includes('golden')) {
  const { makeGolden } = await import('./golden.ts');
  await makeGolden(root);
  process.exit();
}

const write = (path: string, text: string): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
  console.log(path);
};

for (const [path, text] of Object.entries(await referenceDocuments())) write(path, text);

const digests = await migrationDigests();
const edited = editedMigrations(digests, keptDigests());
if (edited.length && !process.argv.includes('--rewrite-migrations')) {
  console.error(`edited after they were written down, make a new migration instead: ${edited.join(', ')}`);
  process.exitCode = 1;
} else write(digestsPath, `${JSON.stringify(digests, null, 2)}\n`);

const packs = await packDigests();
const changed = changedPacks(packs, keptPackDigests());
if (changed.length && isReleased()) {
  console.error(`changed after a release shipped them, make a new version instead: ${changed.join(', ')}`);
  process.exitCode = 1;
} else write(packDigestsPath, `${JSON.stringify(packs, null, 2)}\n`);
// Modules of the server keep workers alive.
process.exit();
