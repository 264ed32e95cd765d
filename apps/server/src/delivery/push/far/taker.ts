/** A far end that takes files: each goes on where it stopped, and stands under its name only when it is whole. */
export interface SentFile {
  bytes: number;
  rows: number;
  /** Hex, as it must be read back. */
  sha256: string;
  /** Where `pieces` begin. */
  from: number;
  pieces: AsyncIterable<Uint8Array>;
}

export interface FileTaker {
  /** Writes and removes a small file. @throws PushFault, as all of these */
  check(): Promise<void>;
  /** Of a file so large, how large each piece but the last must be; any size does where it is not said. */
  pieceBytes?(bytes: number): number;
  /** How many bytes of the file are there; all of them when it is whole. */
  has(name: string, bytes: number): Promise<number>;
  put(name: string, file: SentFile): Promise<void>;
  /** Hex SHA-256 of what stands there: read back, or made by the far end itself of what it took. */
  digest(name: string): Promise<string>;
  drop(name: string): Promise<void>;
  /** A small file that says that all others are there. */
  finish(name: string, text: string): Promise<void>;
  close(): Promise<void>;
}
