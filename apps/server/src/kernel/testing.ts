/** For tests and benches only: a TCP line to a server, which a test can break or stall. */
import { type AddressInfo, connect, createServer, type NetConnectOpts, type Socket } from 'node:net';

export interface Line {
  port: number;
  /** Breaks every connection once so many bytes more have gone out. */
  cutAfter(bytes: number): void;
  /** The same, and takes no new ones until it is mended. */
  breakAfter(bytes: number): void;
  mend(): void;
  /** Lets nothing more through after so many bytes, and acts. */
  stallAfter(bytes: number, act: () => void): void;
  /** Lets so many bytes more come back, then none; resolves when they have. `free` lets all through again, on new connections. */
  holdAnswersAfter(bytes: number): { held: Promise<void>; free(): void };
  /** Connections that were cut. */
  cuts(): number;
  /** Bytes that have come back. */
  returned(): number;
  close(): void;
}

export const openLine = async (target: NetConnectOpts): Promise<Line> => {
  let left = Number.POSITIVE_INFINITY;
  let cuts = 0;
  let returned = 0;
  let broken = false;
  let answersLeft = Number.POSITIVE_INFINITY;
  let answersHeld = (): void => undefined;
  let reached = (_socket: Socket): void => undefined;
  const sockets = new Set<Socket>();
  const cutAll = () => {
    cuts += 1;
    for (const one of sockets) one.destroy();
  };
  const server = createServer((socket) => {
    if (broken) return void socket.destroy();
    const far = connect(target);
    for (const [one, other] of [
      [socket, far],
      [far, socket],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy()).on('close', () => other.destroy() && sockets.delete(one));
    }
    socket.on('data', (piece) => {
      left -= piece.length;
      if (left > 0) return;
      left = Number.POSITIVE_INFINITY;
      reached(socket);
    });
    far.on('data', (piece) => {
      returned += piece.length;
      answersLeft -= piece.length;
      if (answersLeft > 0) return;
      far.unpipe(socket);
      answersHeld();
    });
    socket.pipe(far).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const after = (bytes: number, act: (socket: Socket) => void) => {
    left = bytes;
    reached = act;
  };
  return {
    port: (server.address() as AddressInfo).port,
    cutAfter: (bytes) => after(bytes, cutAll),
    breakAfter: (bytes) =>
      after(bytes, () => {
        broken = true;
        cutAll();
      }),
    mend: () => {
      broken = false;
    },
    stallAfter: (bytes, act) =>
      after(bytes, (socket) => {
        socket.unpipe();
        // What is sent from here on is lost; read it is, or nobody would see that its sender has died.
        socket.resume();
        act();
      }),
    holdAnswersAfter: (bytes) => {
      answersLeft = bytes;
      const { promise: held, resolve } = Promise.withResolvers<void>();
      answersHeld = resolve;
      return {
        held,
        free: () => {
          answersLeft = Number.POSITIVE_INFINITY;
        },
      };
    },
    cuts: () => cuts,
    returned: () => returned,
    close: () => {
      for (const one of sockets) one.destroy();
      server.close();
    },
  };
};
