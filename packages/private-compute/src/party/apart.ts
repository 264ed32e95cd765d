/** Each party in a network of its own on this machine, joined by wires to a switch in a fourth: as apart as one kernel keeps them. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { access } from 'node:fs/promises';
import { promisify } from 'node:util';

const roles = ['first', 'second', 'helper'] as const;
type Who = (typeof roles)[number];

export interface Apart {
  /** The address of each. */
  hosts: Record<Who, string>;
  /** What to put before a command so that it runs there. */
  within: Record<Who, readonly string[]>;
  close(): Promise<void>;
}

const run = promisify(execFile);
const commands = ['/usr/sbin/ip', '/sbin/ip', '/usr/bin/ip'];

const found = async (): Promise<string | undefined> => {
  for (const one of commands) {
    const isThere = await access(one).then(
      () => true,
      () => false,
    );
    if (isThere) return one;
  }
  return undefined;
};

/**
 * Network namespaces of Linux, which take a privilege that a container often lacks; then `why` says what was missing. Nothing of it shows in
 * the machine’s own network, and nothing is left once it is closed.
 */
export const networksApart = async (): Promise<Apart | { why: string }> => {
  const ip = await found();
  if (!ip) return { why: 'the command ip (iproute2) is not installed' };
  const job = randomBytes(4).toString('hex');
  const named = (one: string) => `shugu-${job}-${one}`;
  const made: string[] = [];
  const ask = (...words: string[]) => run(ip, words, { env: {}, timeout: 30_000 });
  const close = async (): Promise<void> => {
    for (const one of made.splice(0)) await ask('netns', 'del', one).catch(() => undefined);
  };
  try {
    for (const one of ['switch', ...roles]) {
      await ask('netns', 'add', named(one));
      made.push(named(one));
    }
    await ask('-n', named('switch'), 'link', 'add', 'bridge', 'type', 'bridge');
    await ask('-n', named('switch'), 'link', 'set', 'bridge', 'up');
    for (const [at, role] of roles.entries()) {
      const wire = ['link', 'add', role, 'type', 'veth', 'peer', 'name', 'wire', 'netns', named(role)];
      await ask('-n', named('switch'), ...wire);
      await ask('-n', named('switch'), 'link', 'set', role, 'master', 'bridge', 'up');
      await ask('-n', named(role), 'address', 'add', `${hostOf(at)}/24`, 'dev', 'wire');
      await ask('-n', named(role), 'link', 'set', 'wire', 'up');
    }
  } catch (error) {
    await close();
    const { stderr = '', message } = error as Error & { stderr?: string };
    return { why: (stderr.trim() || message).split('\n')[0]! };
  }
  const each = <T>(make: (role: Who, at: number) => T) =>
    Object.fromEntries(roles.map((role, at) => [role, make(role, at)])) as Record<Who, T>;
  return {
    hosts: each((_, at) => hostOf(at)),
    within: each((role) => [ip, 'netns', 'exec', named(role)]),
    close,
  };
};

/** Of a range for tests of networks (RFC 2544), so that no real one is meant. */
const hostOf = (at: number): string => `198.18.0.${at + 1}`;
