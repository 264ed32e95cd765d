/** Which engines this node offers, and whether the one of a contract is there as it was agreed. */
import { QueryEnded } from '@shugu/gateway';
import {
  type AgreedEngine,
  type CleanRoom,
  type Computation,
  type EngineName,
  engineNames,
  engines,
  isUntested,
  ownersOf,
} from '@shugu/private-compute';
import type { offeredEngine } from '@shugu/wire/compute-engines';
import type { z } from 'zod';
import type { Room } from '../model.ts';
import { problems } from '../problems.ts';
import { noEngineIn } from '../rules.ts';
import type { Draft } from './contracts.ts';
import { engineTypes } from './gate.ts';

const versionsOf = async (room: Room, name: EngineName): Promise<readonly string[]> => {
  // Runs beside the owners' data: what is installed there their own processes look at.
  if (name === 'secretflow' || name === 'scql' || name === 'kuscia') return room.engines[name];
  const version = name === 'local' ? undefined : await room.engine(name)?.version?.();
  return version === undefined ? [] : [version];
};

/** This program's own, and those that a contract may name here now. */
export const offeredHere = async (room: Room): Promise<z.input<typeof offeredEngine>[]> => {
  const found: z.input<typeof offeredEngine>[] = [];
  for (const name of engineNames) {
    const { modes, package: of, checked, trust, intersectionTrust = null } = engines[name];
    const versions = await versionsOf(room, name);
    if (name === 'local' || versions.length > 0)
      found.push({
        ...{ name, modes: [...modes], package: of, versions: [...versions], checked: [...checked] },
        ...{ untested: isUntested(name), trust, intersectionTrust },
      });
  }
  return found;
};

const requireVersion = async (room: Room, { name, version }: AgreedEngine): Promise<void> => {
  const versions = await versionsOf(room, name);
  if (!versions.includes(version))
    throw problems.engineDiffers({ detail: `${name} ${version} ≠ ${versions.join(', ') || '—'}` });
};

/** Of a draft: the engine is offered in that version, for its mode and for such a query. */
export const requireOffered = async (room: Room, draft: Draft): Promise<void> => {
  const { engine } = draft;
  if (!engine) return;
  const field = 'body.engine';
  if (!engines[engine.name].modes.includes(draft.mode))
    throw problems.contractInvalid({ field, detail: `${engine.name}: ${engines[engine.name].modes.join(', ')}` });
  const versions = await versionsOf(room, engine.name);
  if (!versions.includes(engine.version))
    throw problems.engineUnknown({ field, detail: `${engine.name} ${engine.version}` });
  const unfit = draft.mode === 'cleanRoom' && noEngineIn(draft, ownersOf(draft).length);
  if (unfit) throw problems.contractInvalid({ field, detail: unfit });
};

/** A query as the gate wrote it, in the words of an engine that has to be asked; on tables of its shape, with nobody's rows in them. */
export const requireTaken = async (
  room: Room,
  { engine, dataSets, query }: Pick<Computation, 'engine'> & Pick<CleanRoom, 'dataSets' | 'query'>,
): Promise<void> => {
  const found = engine && room.engine(engine.name);
  if (!found?.check) return;
  const values = Object.fromEntries(query.parameters.map(({ name, values }) => [name, values[0] ?? '']));
  const tables = dataSets.map(({ table, columns }) => ({
    name: table,
    columns: columns.map(({ name, type }) => ({ name, type: engineTypes[type] })),
  }));
  const why = await found.check({ sql: query.sql, tables, values }).catch((error: unknown) => {
    throw error instanceof QueryEnded ? problems.engineUnknown({ field: 'body.engine', detail: error.code }) : error;
  });
  if (why !== undefined) throw problems.queryRefused({ field: 'body.query.sql', detail: `${found.name}: ${why}` });
};

/** Before a use counts: the engine is still the agreed one, here where it runs here. */
export const requireEngine = async (room: Room, { engine }: Pick<Computation, 'engine'>): Promise<void> => {
  if (engine) await requireVersion(room, engine);
};
