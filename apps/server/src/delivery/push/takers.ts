/** From a destination to its far end. */
import type { PushDeps } from './deps.ts';
import { folderTaker } from './far/folder.ts';
import { openPostgres, type PostgresRun, type RowTaker } from './far/postgres.ts';
import type { FileTaker } from './far/taker.ts';
import type { Destination, FolderSettings, PostgresSettings } from './model.ts';

/** @throws PushFault */
export const rowTakerOf = async (
  deps: PushDeps,
  { id, settings, secretSealed }: Destination,
  given: Pick<PostgresRun, 'run' | 'push' | 'signal'>,
): Promise<RowTaker> => {
  const password = await deps.seal.open(deps.database, id, secretSealed);
  return openPostgres(settings as PostgresSettings, password ?? '', {
    ...given,
    allowedAddresses: deps.allowedAddresses,
  });
};

/** @throws PushFault */
export const fileTakerOf = async (deps: PushDeps, { participant, settings }: Destination): Promise<FileTaker> =>
  folderTaker(deps.foldersRoot, `${participant}/${(settings as FolderSettings).path}`);
