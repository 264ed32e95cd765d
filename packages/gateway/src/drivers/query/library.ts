/**
 * The engine's library, so that a process is soon ready: one starts with a contract's first query, and somebody waits for it. Of what that
 * takes, Node's own start, loading the engine and opening it are as they are. Opening it is begun before all else, on another thread; and the
 * library's two hundred files, for each of which Node looks around for half a millisecond, are joined into one.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire, getCompileCacheDir } from 'node:module';
import { join } from 'node:path';

type Database = ConstructorParameters<typeof import('@duckdb/node-api').DuckDBInstance>[0];
/** What is needed here of the native part. */
interface Native {
  create_config(): object;
  set_config(config: object, name: string, option: string): void;
  open(path: string, config: object): Promise<Database>;
}

const require = createRequire(import.meta.url);
const entry = require.resolve('@duckdb/node-api');
/** As the library sees it: the native part that it uses itself. */
const outside = createRequire(entry);

/** No extension, nothing spilled to disk. */
const OPTIONS = {
  threads: '1',
  temp_directory: '',
  max_temp_directory_size: '0B',
  allow_community_extensions: 'false',
  autoinstall_known_extensions: 'false',
  autoload_known_extensions: 'false',
} as const;

let opening: Promise<Database> | undefined;

/** Begins to open the process's one engine, or tells how that goes. */
export const openNative = () => {
  if (opening) return opening;
  const native = outside('@duckdb/node-bindings') as Native;
  const config = native.create_config();
  for (const [name, value] of Object.entries(OPTIONS)) native.set_config(config, name, value);
  opening = native.open(':memory:', config);
  // Whoever waits for it is told.
  opening.catch(() => undefined);
  return opening;
};

/** In a process where compiled code is kept: the joined library stands for all who require it from here on. The first one that can writes it. */
export const requireJoined = (): void => {
  const kept = getCompileCacheDir();
  if (!kept) return;
  const { version } = require('@duckdb/node-api/package.json') as { version: string };
  const path = join(kept, `duckdb-node-api-${version}.cjs`);
  try {
    if (!existsSync(path)) {
      writeFileSync(`${path}.${process.pid}`, joined(entry));
      renameSync(`${path}.${process.pid}`, path);
    }
  } catch {
    // Only to be read, as in the sandbox: somebody else will write it.
    return;
  }
  const load = require(path) as (outside: NodeJS.Require) => object;
  const stand = { id: entry, filename: entry, loaded: true, exports: load(outside) };
  require.cache[entry] = stand as NodeJS.Module;
};

/**
 * Source of one CommonJS module for the many that `start` requires by relative paths, each evaluated when it is first required, as Node
 * does it. What it exports is a function that takes `require` for the rest and returns what `start` exports.
 */
export const joined = (start: string): string => {
  const numbers = new Map<string, number>();
  const sources: string[] = [];
  const visit = (path: string): number => {
    const known = numbers.get(path);
    if (known !== undefined) return known;
    const number = numbers.size;
    numbers.set(path, number);
    const { resolve } = createRequire(path);
    const source = readFileSync(path, 'utf8').replace(
      /\brequire\("(\.[^"]*)"\)/g,
      (_, name: string) => `require(${visit(resolve(name))})`,
    );
    // In brackets, so that V8 compiles it at once and its code is kept: it would not keep what is compiled when it is called.
    sources[number] = `(function (exports, require, module) {\n${source}\n})`;
    return number;
  };
  visit(start);
  return `'use strict';
const files = [${sources.join(',\n')}];
const modules = [];
module.exports = (outside) => {
  const require = (name) => {
    if (typeof name !== 'number') return outside(name);
    if (modules[name]) return modules[name].exports;
    const module = (modules[name] = { exports: {} });
    files[name].call(module.exports, module.exports, require, module);
    return module.exports;
  };
  return require(0);
};
`;
};
