/** COPY on a session of pg, which speaks it but offers no call for it. */
import type { Socket } from 'node:net';
import type pg from 'pg';

/** Of pg's own connection: what a copy needs. */
interface Connection {
  stream: Socket;
  query(text: string): void;
  sendCopyFromChunk(piece: Buffer): void;
  endCopyFrom(): void;
  sendCopyFail(reason: string): void;
}

const pieceBytes = 2 ** 18;

const drained = (stream: Socket): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      stream.off('drain', done).off('close', done);
      resolve();
    };
    stream.on('drain', done).on('close', done);
  });

/** What pg asks of a query of one's own making. */
interface Handlers {
  submit(connection: Connection): void;
  handleCopyInResponse?(connection: Connection): void;
  handleCopyData?(message: { chunk: Buffer }, connection: Connection): void;
  handleCommandComplete(message: { text: string }): void;
  handleError(error: unknown): void;
  handleReadyForQuery(): void;
}

const submit = (client: pg.Client, handlers: Handlers): void => {
  const nothing = () => undefined;
  client.query({
    handleRowDescription: nothing,
    handleDataRow: nothing,
    handlePortalSuspended: nothing,
    handleEmptyQuery: nothing,
    handleCopyData: nothing,
    callback: nothing,
    ...handlers,
  } as unknown as pg.QueryConfig);
};

const rowsIn = ({ text }: { text: string }): number => Number(text.split(' ').at(-1));

/** Rows copied. Rejects with the server's error, or with that of the pieces, after which the transaction is void. */
export const copyIn = (client: pg.Client, text: string, pieces: AsyncIterable<Buffer>): Promise<number> =>
  new Promise((resolve, reject) => {
    let rows = 0;
    let failure: unknown;
    const pump = async (connection: Connection): Promise<void> => {
      try {
        for await (const piece of pieces) {
          if (failure !== undefined || connection.stream.destroyed) return;
          connection.sendCopyFromChunk(piece);
          if (connection.stream.writableNeedDrain) await drained(connection.stream);
        }
        if (failure === undefined) connection.endCopyFrom();
      } catch (error) {
        failure ??= error;
        connection.sendCopyFail('the source broke off');
      }
    };
    submit(client, {
      submit: (connection) => connection.query(text),
      handleCopyInResponse: (connection) => void pump(connection),
      handleCommandComplete: (message) => {
        rows = rowsIn(message);
      },
      handleError: (error) => {
        failure ??= error;
        reject(failure);
      },
      handleReadyForQuery: () => (failure === undefined ? resolve(rows) : reject(failure)),
    });
  });

/**
 * Rows copied, as `take` got them, in pieces of about 256 KiB; the server waits while a piece is taken. When `take` throws the
 * connection is broken off: there is no other way to stop a server that sends.
 */
export const copyOut = (client: pg.Client, text: string, take: (piece: Buffer) => Promise<void>): Promise<number> =>
  new Promise((resolve, reject) => {
    let rows = 0;
    let failure: unknown;
    let gathered: Buffer[] = [];
    let bytes = 0;
    let taken: Promise<void> = Promise.resolve();
    const hand = (connection?: Connection): void => {
      if (bytes === 0) return;
      const piece = Buffer.concat(gathered, bytes);
      gathered = [];
      bytes = 0;
      connection?.stream.pause();
      taken = taken
        .then(() => (failure === undefined ? take(piece) : undefined))
        .catch((error) => {
          failure ??= error;
          connection?.stream.destroy();
        })
        .finally(() => connection?.stream.resume());
    };
    submit(client, {
      submit: (connection) => connection.query(text),
      handleCopyData: ({ chunk }, connection) => {
        // The parser uses its buffer again.
        gathered.push(Buffer.from(chunk));
        bytes += chunk.length;
        if (bytes >= pieceBytes) hand(connection);
      },
      handleCommandComplete: (message) => {
        rows = rowsIn(message);
      },
      handleError: (error) => {
        failure ??= error;
        reject(failure);
      },
      handleReadyForQuery: () => {
        hand();
        void taken.then(() => (failure === undefined ? resolve(rows) : reject(failure)));
      },
    });
  });
