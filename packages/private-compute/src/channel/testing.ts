/** For tests only: a network between two parties that breaks. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Cutter {
  port: number;
  /** Connections that were made through it, and cut. */
  made: number;
  cut: number;
  /** How the next are cut; nothing is, where it is undefined. */
  rule: ((connection: number) => Cut | undefined) | undefined;
  close(): void;
}

export interface Cut {
  /** Of what the dialling side has sent, or the other, whichever is there first; of one alone where `from` names it. */
  afterBytes: number;
  from?: Side;
  /** Who is told of it at once; others keep a connection that nobody answers. */
  told?: 'both' | Side | 'nobody';
  /** Hears what is passed on. */
  seen?: (from: Side, bytes: Buffer) => void;
}

type Side = 'dialling' | 'listening';

/** Passes bytes on to `port` of this machine. */
export const cutter = async (port: number, rule: Cutter['rule']): Promise<Cutter> => {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const cut = self.rule?.(self.made++);
    const far = connect(port, '127.0.0.1');
    let done = false;
    const pass = (from: Socket, to: Socket, side: Side) => {
      const most = cut && (cut.from ?? side) === side ? cut.afterBytes : Number.POSITIVE_INFINITY;
      let passed = 0;
      sockets.add(from);
      from.on('error', () => undefined);
      from.on('close', () => done || to.destroy());
      from.on('data', (chunk: Buffer) => {
        if (done) return;
        // Never more than was asked for: a large piece would leave the next connections nothing to break in.
        const piece = chunk.subarray(0, most - passed);
        cut?.seen?.(side, piece);
        passed += piece.length;
        if (!to.write(piece)) {
          from.pause();
          to.once('drain', () => from.resume());
        }
        if (cut && passed >= most) {
          done = true;
          self.cut++;
          const told = cut.told ?? 'both';
          if (told === 'both' || told === 'dialling') near.resetAndDestroy();
          if (told === 'both' || told === 'listening') far.resetAndDestroy();
        }
      });
    };
    pass(near, far, 'dialling');
    pass(far, near, 'listening');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const self: Cutter = {
    port: (server.address() as AddressInfo).port,
    made: 0,
    cut: 0,
    rule,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
  return self;
};
