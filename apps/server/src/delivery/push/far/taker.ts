/** A far end that takes files: each goes on where it stopped, and stands under its name only when it is whole. */
export interface FileTaker {
  /** Writes and removes a small file. @throws PushFault, as all of these */
  check(): Promise<void>;
  /** How many bytes of the file are there; all of them when it is whole. */
  has(name: string, bytes: number): Promise<number>;
  put(name: string, file: { bytes: number; from: number; pieces: AsyncIterable<Uint8Array> }): Promise<void>;
  /** Hex SHA-256 of what stands there, read back. */
  digest(name: string): Promise<string>;
  drop(name: string): Promise<void>;
  /** A small file that says that all others are there. */
  finish(name: string, text: string): Promise<void>;
  close(): Promise<void>;
}
