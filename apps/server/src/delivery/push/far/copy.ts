/** COPY … FROM STDIN on a session of pg, which speaks it but offers no call for it. */
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

const drained = (stream: Socket): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      stream.off('drain', done).off('close', done);
      resolve();
    };
    stream.on('drain', done).on('close', done);
  });

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
    const nothing = () => undefined;
    client.query({
      submit: (connection: Connection) => connection.query(text),
      handleCopyInResponse: (connection: Connection) => void pump(connection),
      handleCommandComplete: (message: { text: string }) => {
        rows = Number(message.text.split(' ').at(-1));
      },
      handleError: (error: unknown) => {
        failure ??= error;
        reject(failure);
      },
      handleReadyForQuery: () => (failure === undefined ? resolve(rows) : reject(failure)),
      handleRowDescription: nothing,
      handleDataRow: nothing,
      handlePortalSuspended: nothing,
      handleEmptyQuery: nothing,
      handleCopyData: nothing,
      callback: nothing,
    } as unknown as pg.QueryConfig);
  });
