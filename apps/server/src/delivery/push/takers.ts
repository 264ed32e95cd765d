/** From a destination to its far end. */
import type { PushDeps } from './deps.ts';
import { folderTaker } from './far/folder.ts';
import { openPostgres, type PostgresRun, type RowTaker } from './far/postgres.ts';
import { openS3, type S3Run } from './far/s3.ts';
import type { FileTaker } from './far/taker.ts';
import type { Destination, FolderSettings, PostgresSettings, S3Settings } from './model.ts';

export const secretOf = async ({ seal, database }: PushDeps, { id, secretSealed }: Destination): Promise<string> =>
  (await seal.open(database, id, secretSealed)) ?? '';

/** @throws PushFault */
export const rowTakerOf = async (
  deps: PushDeps,
  destination: Destination,
  given: Pick<PostgresRun, 'run' | 'push' | 'signal'>,
): Promise<RowTaker> =>
  openPostgres(destination.settings as PostgresSettings, await secretOf(deps, destination), {
    ...given,
    allowedAddresses: deps.allowedAddresses,
    testOnlySabotage: deps.testOnlySabotage,
  });

/** @throws PushFault */
export const fileTakerOf = async (
  deps: PushDeps,
  destination: Destination,
  given: Pick<S3Run, 'signal' | 'uploads'>,
): Promise<FileTaker> => {
  const { kind, participant, settings } = destination;
  if (kind === 'folder') return folderTaker(deps.foldersRoot, `${participant}/${(settings as FolderSettings).path}`);
  const { allowedAddresses } = deps;
  return openS3(settings as S3Settings, await secretOf(deps, destination), { ...given, allowedAddresses });
};
