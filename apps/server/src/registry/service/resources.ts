/** Use cases of resources, each inside the caller's transaction. */
import { audit } from '../../kernel/audit.ts';
import { type Reader, sql, type Tx } from '../../kernel/db/db.ts';
import type { Principal } from '../../kernel/http/principal.ts';
import { newId } from '../../kernel/ids.ts';
import { emit } from '../../kernel/outbox.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import type { RegistryEvents } from '../events.ts';
import type { Resource, ResourceFields } from '../model.ts';
import { registryProblems as problems } from '../problems.ts';
import { findResource, insertResource, setResourceState, updateResource } from '../store/resources.ts';
import { listRights } from '../store/rights.ts';

export const tell = <K extends keyof RegistryEvents>(
  tx: Tx,
  type: K,
  subject: string,
  participant: string,
  data: RegistryEvents[K],
) => emit(tx, { type, subject, participant, data: { ...data } });

const checkFields = (fields: ResourceFields): void => {
  if (fields.timeUntil && fields.timeUntil < fields.timeFrom)
    throw kernelProblems.invalid({ field: 'body.timeUntil', detail: { zh: '早于时域起', en: 'before timeFrom' } });
  const local = fields.regionScope !== 'international' && fields.regionScope !== 'national';
  if (local !== (fields.region !== null))
    throw kernelProblems.invalid({
      field: 'body.region',
      detail: local ? 'required for this scope' : 'must be null for this scope',
    });
};

/** Locked; someone else's resource looks like none. */
export const ownResource = async (tx: Tx, id: string): Promise<Resource> => {
  const resource = await findResource(tx, id, true);
  if (!resource || resource.participant !== tx.actor.participant) throw kernelProblems.unknown();
  if (resource.state === 'retired') throw problems.retired();
  return resource;
};

export const createResource = async (tx: Tx, fields: ResourceFields): Promise<string> => {
  checkFields(fields);
  const id = newId('res', tx.now);
  const { participant } = tx.actor;
  await insertResource(tx, id, participant, fields);
  await audit(tx, { action: 'registry.resource.create', subject: id, data: { name: fields.name } });
  await tell(tx, 'registry.resource.created', id, participant, { resource: id, name: fields.name });
  return id;
};

export const changeResource = async (
  tx: Tx,
  id: string,
  { revision, ...change }: Partial<ResourceFields> & { revision: number },
): Promise<void> => {
  const resource = await ownResource(tx, id);
  if (resource.revision !== revision) throw kernelProblems.stale();
  const fields = { ...resource, ...change };
  checkFields(fields);
  // What was registered names its source; another source would be another registration.
  if (fields.source !== resource.source && (await liveRights(tx, id)))
    throw problems.registered({ field: 'body.source' });
  await updateResource(tx, id, fields);
  await audit(tx, { action: 'registry.resource.change', subject: id, data: { fields: Object.keys(change) } });
  await tell(tx, 'registry.resource.changed', id, resource.participant, { resource: id, revision: revision + 1 });
};

const liveRights = async (read: Reader, resource: string): Promise<boolean> =>
  (await listRights(read, sql`resource = ${resource} and state in ('active', 'frozen')`, 1)).length > 0;

export const retireResource = async (tx: Tx, id: string, reason: string): Promise<void> => {
  const resource = await ownResource(tx, id);
  if (await liveRights(tx, id)) throw problems.registered();
  if (await tx.first(sql`select 1 from cases where subject = ${id} and ended_at is null and not private limit 1`))
    throw problems.caseOpen();
  await setResourceState(tx, id, 'retired');
  await audit(tx, { action: 'registry.resource.retire', subject: id, data: { reason } });
  await tell(tx, 'registry.resource.retired', id, resource.participant, { resource: id });
};

/** The holder, its supervisors, those who hold a right on it, and the registrar with a case on it that was handed in. */
export const maySee = async (read: Reader, principal: Principal, resource: Resource): Promise<boolean> => {
  const own = principal.participant;
  if (own === '') return false;
  if (own === resource.participant || principal.permissions.has('registry.resource.supervise')) return true;
  const found =
    await read.first(sql`select 1 from registered_rights where resource = ${resource.id} and participant = ${own}
    union all select 1 from cases where subject = ${resource.id} and handler = ${own} and not private
    union all select 1 from certificates where resource = ${resource.id} and registrar = ${own} limit 1`);
  return found !== undefined;
};

export const seenResource = async (read: Reader, principal: Principal, id: string): Promise<Resource> => {
  const resource = await findResource(read, id);
  if (!resource || !(await maySee(read, principal, resource))) throw kernelProblems.unknown();
  return resource;
};
