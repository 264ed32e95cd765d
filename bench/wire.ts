/** Stands between parties on loopback, passes every byte on and counts it. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

export interface Wire {
  /** To the parties that were dialled, and back from them, by who dialled. */
  [owner: string]: { out: number; in: number };
}

export class Counter {
  readonly wire: Wire = {};
  readonly #servers: Server[] = [];

  /** Where to dial instead of `port`. */
  async between(owner: string, port: number): Promise<number> {
    this.wire[owner] ??= { out: 0, in: 0 };
    const count = this.wire[owner];
    const server = createServer((near) => {
      const far = connect(port, '127.0.0.1');
      const pass = (from: Socket, to: Socket, way: 'out' | 'in') => {
        from.on('data', (chunk) => {
          count[way] += chunk.length;
        });
        from.pipe(to);
        from.on('error', () => to.destroy());
      };
      pass(near, far, 'out');
      pass(far, near, 'in');
    }).listen(0, '127.0.0.1');
    this.#servers.push(server);
    await once(server, 'listening');
    return (server.address() as { port: number }).port;
  }

  get bytes(): number {
    return Object.values(this.wire).reduce((sum, one) => sum + one.out + one.in, 0);
  }

  close(): void {
    for (const server of this.#servers) server.close();
  }
}
