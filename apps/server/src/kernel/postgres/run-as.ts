import { spawnSync } from 'node:child_process';
import { chownSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** How the server is started, since PostgreSQL refuses to run as root. */
export interface RunAs {
  name: 'self' | 'namespace' | 'user';
  /** Words put before the command. */
  prefix: string[];
  uid?: number;
  gid?: number;
}

const nobody = 65534;
const probeTimeoutMs = 10_000;

/** In a user namespace the files stay the starter's own, and the server sees itself as nobody. */
const namespacePrefix = ['unshare', '-U', `--map-user=${nobody}`, `--map-group=${nobody}`, '--'];

/**
 * Ways to try, best first. Root: in a user namespace, where a closed parent folder does no harm; else as the owner of
 * the folder the data lies in; else as nobody. Not root: plainly; in a namespace where this user has no name, as in
 * containers run under a bare number, since initdb insists on one.
 * A cluster that already belongs to another user keeps that user.
 */
export function waysToRun(options: {
  uid: number;
  clusterOwner?: number;
  parentOwner: { uid: number; gid: number };
}): RunAs[] {
  const namespace: RunAs = { name: 'namespace', prefix: namespacePrefix };
  if (options.uid !== 0) return [{ name: 'self', prefix: [] }, namespace];
  const asUser = (uid: number, gid: number): RunAs[] => [
    { name: 'user', prefix: [], uid, gid },
    { name: 'user', prefix: namespacePrefix, uid, gid },
  ];
  const { clusterOwner, parentOwner } = options;
  if (clusterOwner) return asUser(clusterOwner, clusterOwner);
  const byOwner = parentOwner.uid !== 0 ? asUser(parentOwner.uid, parentOwner.gid) : [];
  return [namespace, ...byOwner, asUser(nobody, nobody)[0]!];
}

/** Hands the data directory, which is ours alone, to the user the server will run as. */
export function handOver(directory: string, way: RunAs): void {
  if (way.uid === undefined || way.gid === undefined) return;
  chownSync(directory, way.uid, way.gid);
  for (const name of readdirSync(directory)) {
    const path = join(directory, name);
    const entry = lstatSync(path);
    if (entry.isDirectory()) handOver(path, way);
    else if (!entry.isSymbolicLink()) chownSync(path, way.uid, way.gid);
  }
}

/**
 * Runs the server's binary once, in the data directory, under a user that has a name.
 * @returns undefined when it works, else what was said
 */
export function probe(binary: string, directory: string, way: RunAs): string | undefined {
  const script = 'cd "$1" && [ -w . ] && id -un >/dev/null && exec "$2" --version';
  const [command, ...rest] = [...way.prefix, '/bin/sh', '-c', script, 'sh', directory, binary];
  const result = spawnSync(command!, rest, {
    uid: way.uid,
    gid: way.gid,
    cwd: '/',
    encoding: 'utf8',
    timeout: probeTimeoutMs,
  });
  if (result.status === 0 && /PostgreSQL/.test(result.stdout)) return undefined;
  return (result.error?.message ?? result.stderr.trim()) || `exit code ${result.status}`;
}
