/** For tests only: gateways of their own process beside a rig, callers of theirs, and a line between that can be cut. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Rig } from '../testing.ts';

const program = join(import.meta.dirname, '../../../../gateway/src/main.ts');
export type Sabotage = 'overspend' | 'deaf' | 'answerBeforeAppend';

export interface RunningGateway {
  id: string;
  key: string;
  home: string;
  url: string;
  child: ChildProcess;
  kill(): Promise<void>;
  stop(): Promise<void>;
  /** Again on the same folder. */
  start(): Promise<void>;
}

export interface Line {
  origin: string;
  cut(): void;
  mend(): void;
  close(): Promise<void>;
}

/** A supplier's service that never comes to an end, and asks for a secret. */
export const openUpstream = async (): Promise<{ origin: string; close(): void }> => {
  const server = createHttp((request, response) => {
    if (request.headers['x-token'] !== upstreamSecret) return void response.writeHead(401).end();
    response.writeHead(200, { 'content-type': 'application/octet-stream' });
    const timer = setInterval(() => response.write('a piece of an endless answer\n'), 10);
    response.once('close', () => clearInterval(timer));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
};
export const upstreamSecret = 'known to the supplier and the exchange';
export const proxyDraft = (upstream: string) => ({
  kind: 'proxy' as const,
  upstream: `${upstream}/`,
  secretHeader: 'X-Token',
  secret: upstreamSecret,
});

/** A TCP line to the exchange that can be cut: what runs breaks, what is new is refused. */
export const openLine = async (origin: () => string): Promise<Line> => {
  let open = true;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    if (!open) return void socket.destroy();
    const { port } = new URL(origin());
    const up = connect(Number(port), '127.0.0.1');
    for (const one of [socket, up]) {
      sockets.add(one);
      one
        .on('error', () => undefined)
        .once('close', () => {
          sockets.delete(one);
          socket.destroy();
          up.destroy();
        });
    }
    socket.pipe(up).pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    open = false;
    for (const socket of sockets) socket.destroy();
  };
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    mend: () => {
      open = true;
    },
    close: async () => {
      cut();
      server.close();
    },
  };
};

const untilHealthy = async (url: string): Promise<void> => {
  while (!(await fetch(`${url}/health`)).ok) await new Promise((resolve) => setTimeout(resolve, 50));
};

export const openGateway = async (
  rig: Rig,
  options: { server?: string; sabotage?: Sabotage; name?: string; isAway?: boolean } = {},
): Promise<RunningGateway> => {
  const made = await rig.call('administrator', 'POST', '/api/gateways', { name: options.name ?? '测试网关' });
  if (made.status !== 201) throw new Error(`no gateway: ${JSON.stringify(made.body)}`);
  const home = mkdtempSync(join(tmpdir(), 'shugu-gateway-'));
  const running: RunningGateway = {
    id: made.body.gateway.id,
    key: made.body.key,
    home,
    url: '',
    child: undefined as never,
    start: async () => {
      const server = options.server ?? rig.origin;
      const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program], {
        env: {
          PATH: process.env.PATH,
          NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
          SHUGU_TEST_GATEWAY: JSON.stringify({
            server,
            key: running.key,
            home,
            sabotage: options.sabotage,
            isAway: options.isAway,
          }),
        },
        stdio: ['ignore', 'pipe', process.env.SHUGU_TEST_LOG ? 'inherit' : 'ignore'],
      });
      const [line] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
      running.child = child;
      running.url = (JSON.parse(line) as { url: string }).url;
      await untilHealthy(running.url);
    },
    kill: async () => {
      const { child } = running;
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
    stop: async () => {
      const { child } = running;
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
  await running.start();
  return running;
};

export const endGateways = async (gateways: readonly RunningGateway[]): Promise<void> => {
  for (const { child, kill, home } of gateways) {
    child.kill('SIGCONT');
    await kill();
    rmSync(home, { recursive: true, force: true });
  }
};

/** Until every gateway knows the key: a call that is refused for its form, and counts nothing. */
export const untilKnown = async (
  gateways: readonly { url: string }[],
  grant: string,
  key: string,
  kinds: readonly string[] = ['api'],
): Promise<void> => {
  const headers = { authorization: `Bearer ${key}` };
  for (const { url } of gateways)
    for (const kind of kinds) {
      // A method that no kind takes: refused, not counted, once the grant is known.
      const knows = async () => {
        const answer = await fetch(`${url}/gateway/${kind}/${grant}/`, { method: 'DELETE', headers });
        await answer.body?.cancel();
        return answer.status !== 404;
      };
      while (!(await knows())) await new Promise((resolve) => setTimeout(resolve, 20));
    }
};

/** Statuses of as many calls as said, by so many callers, spread over the gateways. */
export const callAll = async (
  gateways: readonly { url: string }[],
  { path, key, calls, callers }: { path: string; key: string; calls: number; callers: number },
): Promise<{ statuses: Record<string, number>; receipts: string[] }> => {
  const statuses: Record<string, number> = {};
  const receipts: string[] = [];
  let next = 0;
  const caller = async () => {
    for (let call = next++; call < calls; call = next++) {
      const { url } = gateways[call % gateways.length]!;
      const answer = await fetch(url + path, { headers: { authorization: `Bearer ${key}` } }).catch(() => null);
      const body = answer === null ? null : ((await answer.json().catch(() => null)) as { code?: string } | null);
      const name = answer === null ? 'broken' : answer.status === 200 ? '200' : `${answer.status} ${body?.code}`;
      statuses[name] = (statuses[name] ?? 0) + 1;
      if (answer?.status === 200 && body) receipts.push(answer.headers.get('x-receipt') ?? '');
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return { statuses, receipts };
};
