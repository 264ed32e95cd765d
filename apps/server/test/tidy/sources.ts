/** The sources as text, their imports resolved: enough to hold the house to its plan without a compiler. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

export const root = join(import.meta.dirname, '../../../..');
export const server = 'apps/server/src';

export interface Source {
  /** From the root, with slashes. */
  path: string;
  text: string;
  /** Without comments. */
  code: string;
}

const skipped = new Set(['node_modules', 'dist', '.git', '.shugu']);

const filesBelow = (folder: string, ending: RegExp): string[] =>
  existsSync(join(root, folder))
    ? readdirSync(join(root, folder)).flatMap((name) => {
        const path = `${folder}/${name}`;
        if (skipped.has(name)) return [];
        if (statSync(join(root, path)).isDirectory()) return filesBelow(path, ending);
        return ending.test(name) ? [path] : [];
      })
    : [];

// Block comments, and line comments that do not stand in an address like https://.
const withoutComments = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\//g, (found) => found.replace(/[^\n]/g, ' ')).replace(/(^|[^:'"`\\])\/\/.*$/gm, '$1');

let read: Source[] | undefined;

export const sources = (): Source[] => {
  read ??= ['apps', 'packages', 'bench', 'interop', 'tools', 'fixtures'].flatMap((folder) =>
    filesBelow(folder, /\.(ts|tsx|mts|mjs)$/).map((path) => {
      const text = readFileSync(join(root, path), 'utf8');
      return { path, text, code: withoutComments(text) };
    }),
  );
  return read;
};

export const isTest = (path: string): boolean =>
  /\.test\.tsx?$|\/test\/|\/testing[^/]*\.ts$|\/testdata\/|\/e2e\/|crash-child\.ts$|\/rig\.ts$|probe\.child\.ts$/.test(
    path,
  );

export interface Import {
  from: string;
  /** As written. */
  name: string;
  /** Path from the root; undefined for packages from outside and built-ins. */
  target?: string;
  typeOnly: boolean;
  /** Started as a process of its own or read as data: no part of the importing module. */
  apart: boolean;
}

interface Workspace {
  folder: string;
  name: string;
  exports: Record<string, string>;
}

let known: Workspace[] | undefined;
/** Asked for every import there is: read once. */
export const workspaces = (): Workspace[] => {
  known ??= ['apps', 'packages'].flatMap((parent) =>
    readdirSync(join(root, parent)).flatMap((name) => {
      const path = join(root, parent, name, 'package.json');
      if (!existsSync(path)) return [];
      const { name: packageName, exports = {} } = JSON.parse(readFileSync(path, 'utf8')) as {
        name: string;
        exports?: Record<string, string>;
      };
      return [{ folder: `${parent}/${name}`, name: packageName, exports }];
    }),
  );
  return known;
};

const resolvePackage = (name: string): string | undefined => {
  const workspace = workspaces().find((one) => name === one.name || name.startsWith(`${one.name}/`));
  if (!workspace) return undefined;
  const door = name === workspace.name ? '.' : `.${name.slice(workspace.name.length)}`;
  const exact = workspace.exports[door];
  const target = exact ?? workspace.exports['./*']?.replace('*', door.slice(2));
  return target && join(workspace.folder, target);
};

const resolveRelative = (from: string, name: string): string | undefined => {
  const path = relative(root, join(root, dirname(from), name.replace(/\?.*$/, '')));
  return existsSync(join(root, path)) ? path : undefined;
};

const patterns: [pattern: RegExp, apart: boolean][] = [
  [/(?:^|[\n;])\s*(import|export)\s+(type\s+)?(?:[\w*{}\s,$]+?\s+from\s+)?['"]([^'"\n]+)['"]/g, false],
  [/()()import\(\s*(?:\/\*[^*]*\*\/\s*)?['"]([^'"\n]+)['"]\s*\)/g, false],
  [/()()new URL\(\s*['"](\.[^'"\n]+)['"]/g, true],
];

const allTypes = (statement: string): boolean => {
  const names = /\{([^}]*)\}/.exec(statement)?.[1];
  if (!names || /^\s*(import|export)\s+\w+\s*,/.test(statement.trim())) return false;
  const parts = names
    .split(',')
    .map((one) => one.trim())
    .filter(Boolean);
  return parts.length > 0 && parts.every((one) => one.startsWith('type '));
};

export const importsOf = (source: Source): Import[] =>
  patterns.flatMap(([pattern, apart]) =>
    [...source.code.matchAll(pattern)].map((match) => {
      const name = match[3]!;
      const target = name.startsWith('.') ? resolveRelative(source.path, name) : resolvePackage(name);
      return { from: source.path, name, target, typeOnly: Boolean(match[2]) || allTypes(match[0]), apart };
    }),
  );

let graph: Import[] | undefined;
/** All imports that lead to a file of ours. */
export const ownImports = (): (Import & { target: string })[] => {
  graph ??= sources().flatMap(importsOf);
  return graph.filter((one): one is Import & { target: string } => one.target !== undefined);
};

/** `members`, `kernel`, `flows`, or '' for the files that wire. */
export const roomOf = (path: string): string => {
  const rest = path.startsWith(`${server}/`) ? path.slice(server.length + 1) : '';
  return rest.includes('/') ? rest.split('/')[0]! : '';
};
