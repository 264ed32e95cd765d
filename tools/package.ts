/**
 * `npm run package -- NAME`: one of `packages/` as it can be published: JavaScript with its types, its data, README and licence, in
 * `dist/NAME`. Here packages are TypeScript that Node reads as it is, which it does not do below `node_modules`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const outside = new Set(['src', 'package.json', 'node_modules']);

interface Manifest {
  exports: Record<string, string>;
  [member: string]: unknown;
}

const compiled = (source: string, kind: 'js' | 'd.ts'): string => source.replace(/\.ts$/, `.${kind}`);

/** Folder of the packed package. @throws where it does not compile, or there is none of that name */
export const pack = async (name: string, out = join(root, 'dist', name)): Promise<string> => {
  const from = join(root, 'packages', name);
  if (!/^[a-z-]+$/.test(name) || !existsSync(join(from, 'package.json')))
    throw new Error(`no package is called ${name}`);
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  for (const entry of await readdir(from))
    if (!outside.has(entry)) await cp(join(from, entry), join(out, entry), { recursive: true });
  await cp(join(root, 'LICENSE'), join(out, 'LICENSE'));

  const settings = join(out, 'tsconfig.json');
  const compilerOptions = {
    ...{ noEmit: false, declaration: true, rewriteRelativeImportExtensions: true },
    ...{ rootDir: join(from, 'src'), outDir: join(out, 'src'), typeRoots: [join(root, 'node_modules/@types')] },
  };
  const [include, exclude] = [[join(from, 'src')], [join(from, 'src/**/*.test.ts'), join(from, 'src/**/testing.ts')]];
  await writeFile(
    settings,
    JSON.stringify({ extends: join(root, 'tsconfig.json'), compilerOptions, include, exclude }),
  );
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const ran = spawnSync(process.execPath, [compiler, '-p', settings], { encoding: 'utf8' });
  await rm(settings);
  if (ran.status !== 0) throw new Error(`${name} does not compile: ${ran.stdout}${ran.stderr}`);

  const manifest = JSON.parse(await readFile(join(from, 'package.json'), 'utf8')) as Manifest;
  const exports = Object.fromEntries(
    Object.entries(manifest.exports)
      .filter(([door]) => !door.includes('testing'))
      .map(([door, source]) => [door, { types: compiled(source, 'd.ts'), default: compiled(source, 'js') }]),
  );
  const { devDependencies: _, ...kept } = manifest;
  await writeFile(
    join(out, 'package.json'),
    `${JSON.stringify({ ...kept, exports, engines: { node: '>=20.19' } }, null, 2)}\n`,
  );
  return out;
};

if (import.meta.filename === process.argv[1]) {
  const [name = ''] = process.argv.slice(2);
  console.log(await pack(name));
}
