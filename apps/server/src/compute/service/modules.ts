/** Foreign programs: sent, looked at in the sandbox, and named by their digest in contracts that owners sign. */
import { checkModule, ModuleEnded } from '@shugu/gateway';
import { moduleFault, moduleTrust, ruleFor } from '@shugu/private-compute';
import { computeLimits } from '@shugu/wire/compute';
import { audit } from '../../kernel/audit.ts';
import type { Tx } from '../../kernel/db/db.ts';
import type { Room } from '../model.ts';
import { problems } from '../problems.ts';
import { findModule } from '../reads.ts';
import { saveModule } from '../store.ts';
import type { DraftOf, Settled } from './contracts.ts';

/** Where there is no sandbox nothing foreign is run, nor even compiled. */
export const requireSandbox = async (room: Room): Promise<void> => {
  const sandbox = await room.sandbox();
  if (sandbox.kind === 'none') throw problems.sandboxMissing({ detail: sandbox.why });
};

/** Outside a transaction, as looking at it is a process. */
export const lookAtModule = async (room: Room, bytes: Uint8Array, memoryMB: number, field: string): Promise<void> => {
  await requireSandbox(room);
  await checkModule(await room.sandbox(), bytes, { memoryMB }).catch((error: unknown) => {
    throw error instanceof ModuleEnded ? problems.moduleRefused({ field, detail: error.words }) : error;
  });
};

export const bytesOf = (content: string): Buffer => {
  const bytes = Buffer.from(content, 'base64');
  if (bytes.length > computeLimits.moduleBytesMax) throw problems.moduleRefused({ field: 'body.content' });
  return bytes;
};

export const keepModule = async (
  tx: Tx,
  { name, digest, bytes }: { name: string; digest: string; bytes: number },
): Promise<void> => {
  await saveModule(tx, { digest, name, bytes });
  await audit(tx, { action: 'compute.module.send', subject: digest, data: { name, bytes } });
};

/** Its columns are what it may read: those that are hidden from any recipient are not given to it. */
export const moduleTermsOf = async (
  room: Room,
  participant: string,
  draft: DraftOf<'cleanRoom'>,
  times: { from: string; until: string },
): Promise<Settled> => {
  const { module: wanted, query, ...agreed } = draft;
  if (!wanted) throw new Error('no module');
  if (query.sql !== undefined) throw problems.contractInvalid({ field: 'body.query.sql', detail: 'moduleInstead' });
  const fault = moduleFault({ ...draft, output: wanted.output });
  if (fault) throw problems.contractInvalid({ field: `body.${fault.path}`, detail: fault.fault });
  const { digest, output, ...allowed } = wanted;
  const sent = await findModule(room.database, participant, digest);
  if (!sent) throw problems.moduleUnknown({ field: 'body.module.digest' });
  await lookAtModule(room, await room.objects.bytes(digest), allowed.memoryMB, 'body.module.digest');
  const reads = draft.dataSets.map(({ table, columns }) => [
    table,
    columns.filter((column) => ruleFor(column, draft.recipients) === 'open').map(({ name }) => name),
  ]);
  return {
    terms: {
      ...agreed,
      ...times,
      form: 'shugu/computation/1',
      trust: moduleTrust,
      query: { sql: '', digest, parameters: query.parameters },
      module: { name: sent.name, bytes: sent.bytes, ...allowed },
      output,
    },
    shape: { reads: Object.fromEntries(reads), joint: { groups: [], sums: [], joins: [], filters: [] } },
  };
};
