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

/**
 * Ways to try, best first. Not root: plainly. Root: in a user namespace, where the files stay root's and a closed
 * parent folder does no harm; else as the owner of the folder the data lies in; else as nobody.
 * A cluster that already belongs to another user keeps that user.
 */
export function waysToRun(options: {
  uid: number;
  clusterOwner?: number;
  parentOwner: { uid: number; gid: number };
}): RunAs[] {
  if (options.uid !== 0) return [{ name: 'self', prefix: [] }];
  const asUser = (uid: number, gid: number): RunAs => ({ name: 'user', prefix: [], uid, gid });
  if (options.clusterOwner) return [asUser(options.clusterOwner, options.clusterOwner)];
  const ways: RunAs[] = [
    { name: 'namespace', prefix: ['unshare', '-U', `--map-user=${nobody}`, `--map-group=${nobody}`, '--'] },
  ];
  if (options.parentOwner.uid !== 0) ways.push(asUser(options.parentOwner.uid, options.parentOwner.gid));
  ways.push(asUser(nobody, nobody));
  return ways;
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

/** Runs the server's binary once, in the data directory; undefined when it works, else what was said. */
export function probe(binary: string, directory: string, way: RunAs): string | undefined {
  const script = 'cd "$1" && [ -w . ] && exec "$2" --version';
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
