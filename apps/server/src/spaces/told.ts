/** What connectors elsewhere are told of an operator's spaces: a catalogue each, with those within it, as the rules of each show them. */
import type { Text } from '@shugu/wire';
import { spaceLimits } from '@shugu/wire/spaces';
import type { Reader } from '../kernel/db/db.ts';
import type { Elsewhere, Space } from './model.ts';
import { connectorsIn, nestedInAll, suppliersIn } from './nested.ts';
import { operatedBy, spacesOf } from './reads.ts';
import { seesCatalogue } from './rules.ts';

export interface ToldCatalogue {
  space: string;
  name: Text;
  /** Whose products stand in it. */
  suppliers: string[];
  /** Connectors of suppliers at other nodes whose goods stand in it. */
  elsewhere: { name: string; address: string }[];
  within: ToldCatalogue[];
}

/** Of one answer, in all. */
export const limits = { cataloguesMax: 100, connectorsMax: 200 } as const;

/** `standsIn`: spaces in which whoever asks is a member in standing. Each space is told once, where it is met first. */
export const toldCatalogues = async (
  elsewhere: Elsewhere,
  read: Reader,
  participant: string,
  { standsIn, now }: { standsIn: readonly string[]; now: Date },
): Promise<ToldCatalogue[]> => {
  const shown = (space: Space) => seesCatalogue(space, standsIn.includes(space.id), false);
  const told = new Map<string, ToldCatalogue>();
  const take = (spaces: readonly Space[]): ToldCatalogue[] =>
    spaces
      .filter((one) => shown(one) && !told.has(one.id))
      .slice(0, limits.cataloguesMax - told.size)
      .map((one) => {
        const made = { space: one.id, name: one.name, suppliers: [], elsewhere: [], within: [] };
        told.set(one.id, made);
        return made;
      });
  const operated = (await operatedBy(read, participant)).filter(shown);
  const held = await nestedInAll(
    read,
    operated.map(({ id }) => id),
  );
  // One that stands within another of its operator's is told there.
  const outermost = take(operated.filter(({ id }) => !held.some(({ childSpace }) => childSpace === id)));
  let level = outermost;
  for (let depth = 1; depth < spaceLimits.nestedDepthMax && level.length > 0; depth++) {
    const nested = await nestedInAll(
      read,
      level.map(({ space }) => space),
    );
    const found = new Map(
      (
        await spacesOf(
          read,
          nested.flatMap(({ childSpace }) => childSpace ?? []),
        )
      ).map((one) => [one.id, one]),
    );
    const next: ToldCatalogue[] = [];
    for (const { space, childSpace } of nested) {
      const child = childSpace === null ? undefined : found.get(childSpace);
      const [made] = child ? take([child]) : [];
      if (!made) continue;
      told.get(space)!.within.push(made);
      next.push(made);
    }
    level = next;
  }
  for (const one of await suppliersIn(read, { spaces: [...told.keys()], inside: standsIn, now }))
    told.get(one.space)!.suppliers.push(one.participant);
  const far = { spaces: [...told.keys()], now, limit: limits.connectorsMax };
  for (const { space, by, address } of await connectorsIn(elsewhere, read, far))
    told.get(space)!.elsewhere.push({ name: by, address });
  return outermost;
};
