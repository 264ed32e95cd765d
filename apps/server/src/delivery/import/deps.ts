import type { Clock } from '../../kernel/clock.ts';
import type { Database, Reader, Tx } from '../../kernel/db/db.ts';
import type { Seal } from '../../kernel/seal.ts';

/** What the registry does for imports: a file becomes the data of a resource as an upload does. */
export interface ResourceIntake {
  resource(read: Reader, id: string): Promise<{ participant: string; name: string; state: string } | undefined>;
  /** The newest data of a resource, unless it could not be read. */
  newestContent(read: Reader, resource: string): Promise<string | undefined>;
  /** Where a file has to stand before it is taken in. */
  pathFor(upload: string): Promise<string>;
  /** The content that it becomes. In the name of `participant`. @throws registry.retired, kernel.unknown */
  takeIn(
    tx: Tx,
    file: { upload: string; participant: string; resource: string; fileName: string; bytes: number },
  ): Promise<string>;
}

export interface ImportDeps {
  database: Database;
  clock: Clock;
  seal: Pick<Seal, 'seal' | 'open'>;
  intake: ResourceIntake;
  /** Private addresses or networks that databases of members may lie at. */
  allowedAddresses: readonly string[];
  /** Readings at work in this process, by id: how to stop each at once. */
  stoppers: Map<string, () => void>;
  /** Where rows stand on their way. */
  workFolder(): Promise<string>;
  /** For tests: how many bytes of text a table may have. */
  bytesMax?: number | undefined;
}
